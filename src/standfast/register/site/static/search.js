// Finds States, targets, authorities and sources in the index that the page loaded. Nothing leaves the page.
"use strict";
(() => {
  const box = document.getElementById("search");
  const input = document.getElementById("q");
  const count = document.getElementById("count");
  const list = document.getElementById("results");
  // The same folding as the index was made with: no accents, no Arabic marks, one alef, one ya, one ha.
  const arabic = { "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي" };
  const fold = (text) =>
    text.replace(/[أإآٱىةؤئ]/g, (each) => arabic[each]).normalize("NFKD").toLowerCase().replace(/[\p{M}ـ]/gu, "");
  const index = new MiniSearch({ fields: ["f"], processTerm: (term) => fold(term) || null, searchOptions: { prefix: true, fuzzy: 0.15, combineWith: "AND" } });
  index.addAll(FIND.map((row, id) => ({ id, f: row.f })));
  const show = () => {
    const found = input.value.trim() ? index.search(input.value).slice(0, 40) : [];
    count.textContent = input.value.trim() ? (found.length ? box.dataset.found.replace("{n}", found.length) : box.dataset.none) : "";
    list.replaceChildren(
      ...found.map(({ id }) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = box.dataset.home + FIND[id].u;
        link.textContent = FIND[id].t;
        link.dir = "auto";
        const kind = document.createElement("span");
        kind.className = "quiet";
        kind.textContent = FIND[id].k;
        item.append(link, kind);
        return item;
      }),
    );
  };
  box.hidden = false;
  input.addEventListener("input", show);
  show();
})();
