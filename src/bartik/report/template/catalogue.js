"use strict";
// Search and sort; both stay in the address, so that a view can be passed on: index.html#q=ghost&sort=registered&down=1
const body = document.querySelector("tbody"), rows = [...body.rows], search = document.querySelector("#search");
const heads = [...document.querySelectorAll("thead th")], view = new URLSearchParams(location.hash.slice(1));

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of rows) row.hidden = !words.every((word) => row.dataset.text.includes(word));
  const shown = rows.filter((row) => !row.hidden).length;
  document.querySelector("#count").textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
}

function sort(name, down) {
  const column = heads.findIndex((head) => head.textContent.trim() === name);
  if (column < 0) return;
  const key = (row) => row.cells[column].dataset.key;
  const order = (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
  rows.sort((a, b) => (down ? order(b, a) : order(a, b)));
  body.append(...rows);
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
}

function keep(changes) {
  for (const [name, value] of Object.entries(changes)) if (value) view.set(name, value); else view.delete(name);
  history.replaceState(null, "", `#${view}`);
}

search.addEventListener("input", () => { find(); keep({ q: search.value }); });
for (const head of heads)
  head.firstElementChild.addEventListener("click", () => {
    const name = head.textContent.trim(), down = head.getAttribute("aria-sort") === "ascending";
    sort(name, down);
    keep({ sort: name, down: down ? "1" : "" });
  });
search.value = view.get("q") ?? "";
sort(view.get("sort") ?? "", view.get("down") === "1");
find();
