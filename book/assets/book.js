/* The pages of the book: print shows what is folded, and what scrolls can be reached by the keyboard. */
(() => {
  "use strict";

  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open])")) { fold.open = true; fold.dataset.printed = ""; }
  });
  addEventListener("afterprint", () => {
    for (const fold of document.querySelectorAll("details[data-printed]")) { fold.open = false; delete fold.dataset.printed; }
  });

  /* Formulas and tables that are wider than their column scroll by themselves; the theme knows only about code. */
  const wide = new ResizeObserver(changes => {
    for (const { target } of changes) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    for (const node of document.querySelectorAll("mjx-container[display='true'], .bd-article table")) wide.observe(node);
  });

  /* A list of sources consists of list items. */
  for (const source of document.querySelectorAll(".citation-list > [role='doc-biblioentry']")) source.setAttribute("role", "listitem");
})();
