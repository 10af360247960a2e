// Sorts the table within its groups. Without this script the table reads the same, in the order of names.
"use strict";
for (const table of document.querySelectorAll("table[data-sort]")) {
  const heads = [...table.tHead.rows[0].cells];
  const first = new Map([...table.tBodies].map((body) => [body, [...body.rows]]));
  const order = ["s", "a", "d", "c", "n"];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = table.dataset.sort;
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      for (const [body, rows] of first) {
        const [group, ...states] = rows;
        const key = (row) => (column ? order.indexOf(row.cells[column].className) : rows.indexOf(row));
        states.sort((a, b) => (down ? -1 : 1) * (key(a) - key(b)) || rows.indexOf(a) - rows.indexOf(b));
        body.append(group, ...states);
      }
    });
  });
}
