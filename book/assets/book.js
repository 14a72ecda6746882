/* The pages of the book: print shows what is folded, and what scrolls can be reached by the keyboard. */
(() => {
  "use strict";

  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open])")) { fold.open = true; fold.dataset.printed = ""; }
  });
  addEventListener("afterprint", () => {
    for (const fold of document.querySelectorAll("details[data-printed]")) { fold.open = false; delete fold.dataset.printed; }
  });

  /* Formulas and tables that are wider than their column scroll by themselves; the theme makes only code a tab stop. */
  const check = node => { node.tabIndex = node.scrollWidth > node.clientWidth ? 0 : -1; };
  addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    const nodes = document.querySelectorAll("mjx-container[display='true'], .bd-article table");
    const size = new ResizeObserver(changes => changes.forEach(change => check(change.target)));
    nodes.forEach(node => size.observe(node));
    document.fonts.addEventListener("loadingdone", () => nodes.forEach(check));
  });

  /* A list of sources consists of list items. */
  for (const source of document.querySelectorAll(".citation-list > [role='doc-biblioentry']")) source.setAttribute("role", "listitem");
})();
