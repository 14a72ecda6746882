/* Moves the figures made by lib/explore.py. The frames are numbers: places of the moving shapes in units of their axes
   box, so this script knows boxes but no axes. The first frame is already in the page, drawn by the same rules. */
(() => {
  "use strict";
  const STEP = 4000, GAP = -32768; // as in lib/figures.py
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  function outline(shape, us, vs, [left, top, width, height]) {
    let d = "", pen = false;
    for (let i = 0; i < us.length; i++) {
      if (us[i] === GAP || vs[i] === GAP) { pen = false; continue; }
      const x = left + width * us[i] / STEP, y = top + height * (1 - vs[i] / STEP);
      d += (pen && !shape.mark ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1) + (shape.mark || "");
      pen = true;
    }
    return shape.kind === "area" && d ? d + "Z" : d;
  }

  function move(shape, node, us, vs, box) {
    if (shape.kind !== "text") { node.setAttribute("d", outline(shape, us, vs, box)); return; }
    const gone = us[0] === GAP || vs[0] === GAP;
    node.setAttribute("visibility", gone ? "hidden" : "visible");
    const dx = box[2] * (us[0] - shape.at[0]) / STEP, dy = box[3] * (shape.at[1] - vs[0]) / STEP;
    if (!gone) node.setAttribute("transform", `translate(${dx.toFixed(1)} ${dy.toFixed(1)})`);
  }

  /* Calls f once, `wait` ms after the first of a burst of calls. */
  function later(f, wait) {
    let timer = 0;
    return () => { timer = timer || setTimeout(() => { timer = 0; f(); }, wait); };
  }

  function start(root) {
    const find = what => root.querySelector(what);
    const data = JSON.parse(find("script").textContent), { grids, shapes } = data;
    const picture = find(".picture"), inputs = [...root.querySelectorAll("[data-grid]")];
    const count = grids.reduce((n, grid) => n * grid.keys.length, 1);

    // Lengths of the columns, then for every frame the numbers of its columns, then the columns.
    const words = new Int16Array(Uint8Array.from(atob(data.frames), c => c.charCodeAt(0)).buffer);
    const columns = [];
    let from = data.columns + 2 * shapes.length * count;
    for (const length of words.subarray(0, data.columns)) columns.push(words.subarray(from, from += length));
    const nodes = shapes.map(shape => [...root.querySelectorAll(`[data-k="${shape.key}"]`)].map(
      node => [node, node.closest("svg").dataset.box.split(" ").map(Number)]));

    const first = grids.map(grid => grid.start);
    let state = [...first], sentence = "", timer = 0;

    const announce = later(() => { find(".explore-announcement").textContent = sentence; }, 1000);
    const address = later(() => {
      const query = grids.map((grid, j) => `${grid.name}=${encodeURIComponent(grid.keys[state[j]])}`).join("&");
      history.replaceState(null, "", `#${root.id}?${query}`);
    }, 300);

    function show() {
      const frame = state.reduce((n, index, j) => n * grids[j].keys.length + index, 0);
      let at = data.columns + 2 * shapes.length * frame;
      shapes.forEach((shape, s) => {
        const us = columns[words[at++] & 0xffff], vs = columns[words[at++] & 0xffff];
        for (const [node, box] of nodes[s]) move(shape, node, us, vs, box);
      });
      inputs.forEach((input, j) => {
        const { keys, texts } = grids[j], i = state[j];
        if (input.type === "checkbox") input.checked = keys[i] === "yes";
        else if (input.type === "range") { input.value = i; input.setAttribute("aria-valuetext", texts[i]); }
        else input.selectedIndex = i;
        const value = input.parentNode.querySelector(".explore-value");
        if (value) value.textContent = texts[i];
      });
      sentence = data.sentence.map(word => word[word.length > 1 ? frame : 0]).join(" ");
      find(".explore-sentence").textContent = sentence;
    }

    function go(next) {
      if (next.every((index, j) => index === state[j])) return;
      state = next;
      show(); announce(); address();
      picture.setAttribute("aria-label", `${data.claim} ${sentence}`);
    }

    inputs.forEach((input, j) => input.addEventListener("input", () => {
      stop();
      const index = input.type === "checkbox" ? grids[j].keys.indexOf(input.checked ? "yes" : "no")
        : input.type === "range" ? Number(input.value) : input.selectedIndex;
      go(state.map((old, i) => i === j ? index : old));
    }));

    // The film: one of the controls, moved by the clock or step by step.
    const film = grids.findIndex(grid => grid.name === data.play), play = find('[data-do="play"]');
    const last = film < 0 ? 0 : grids[film].keys.length - 1;
    const to = index => go(state.map((old, j) => j === film ? Math.min(Math.max(index, 0), last) : old));
    function stop() {
      clearInterval(timer);
      timer = 0;
      if (play) play.textContent = "Play";
    }
    const actions = {
      play() {
        if (timer) { stop(); return; }
        if (still.matches) { to(state[film] === last ? 0 : state[film] + 1); return; }
        if (state[film] === last) to(0);
        play.textContent = "Pause";
        timer = setInterval(() => { to(state[film] + 1); if (state[film] === last) stop(); },
          Math.min(400, Math.max(50, 8000 / last)));
      },
      back() { stop(); to(state[film] - 1); },
      forward() { stop(); to(state[film] + 1); },
      reset() { stop(); go([...first]); },
    };
    for (const button of root.querySelectorAll("[data-do]")) button.addEventListener("click", actions[button.dataset.do]);
    if (play && still.matches) play.title = "One step at each press, because your system asks for reduced motion";

    // The state of a link such as #figure?theta=0.52. What does not fit is ignored.
    function follow() {
      const [name, query] = location.hash.slice(1).split("?");
      if (name !== root.id || !query) return;
      const asked = new URLSearchParams(query);
      const next = grids.map(({ name, keys }, j) => {
        const key = asked.get(name);
        return key === null ? state[j] : keys.findIndex(k => k === key || (key.trim() && Number(k) === Number(key)));
      });
      if (next.includes(-1)) return;
      stop(); go(next);
      root.scrollIntoView({ block: "center" });
    }
    addEventListener("hashchange", follow);
    find(".explore-controls").hidden = false;
    show(); // also puts right what the browser remembers of the inputs
    follow();
  }

  document.querySelectorAll(".explore").forEach(start);
})();
