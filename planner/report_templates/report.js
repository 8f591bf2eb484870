// Sorting, filtering, and the link between the tables and the map. Plain scripts, no framework.
(function () {
  "use strict";
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const map = document.querySelector(".folium-map");

  function valueOf(row, column) {
    const cell = row.cells[column];
    return cell.dataset.sort !== undefined ? cell.dataset.sort : cell.textContent.trim();
  }

  function compare(a, b) {
    const x = Number(a);
    const y = Number(b);
    return a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y) ? x - y : a.localeCompare(b, document.documentElement.lang);
  }

  function sortBy(heading) {
    const table = heading.closest("table");
    const column = heading.cellIndex;
    const first = heading.classList.contains("number") ? "descending" : "ascending";
    const other = first === "descending" ? "ascending" : "descending";
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    all("th", table).forEach((each) => each.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", order);
    const sign = order === "descending" ? -1 : 1;
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    rows.sort((a, b) => sign * compare(valueOf(a, column), valueOf(b, column)));
    body.append(...rows);
  }
  all(".sort").forEach((button) => button.addEventListener("click", () => sortBy(button.closest("th"))));

  const wanted = { text: {}, status: "" };
  function filter(name) {
    const table = document.getElementById("table-" + name);
    const text = (wanted.text[name] || "").toLowerCase().trim();
    let left = 0;
    Array.from(table.tBodies[0].rows).forEach((row) => {
      const words = row.dataset.words || row.textContent.toLowerCase();
      const loose = words.replace(/[\s'’]/g, "");
      const fits = (words.includes(text) || loose.includes(text.replace(/[\s'’]/g, ""))) && (name !== "areas" || !wanted.status || row.dataset.state === wanted.status);
      row.hidden = !fits;
      left += fits ? 1 : 0;
    });
    document.getElementById("nothing-" + name).hidden = left > 0;
  }
  all(".filter").forEach((input) => input.addEventListener("input", () => {
    wanted.text[input.dataset.table] = input.value;
    filter(input.dataset.table);
  }));
  all(".chip").forEach((chip) => chip.addEventListener("click", () => {
    wanted.status = chip.dataset.status;
    all(".chip").forEach((each) => each.setAttribute("aria-pressed", String(each === chip)));
    filter("areas");
  }));

  const tell = (name, code) => map.dispatchEvent(new CustomEvent(name, { detail: code }));
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".link");
    if (button && button.dataset.route) {
      tell("route:show", Number(button.dataset.route));
      map.scrollIntoView({ block: "center", behavior: "smooth" });
      return;
    }
    const row = event.target.closest("#table-areas tbody tr");
    const code = button ? button.dataset.area : row ? row.dataset.code : "";
    if (!code) { return; }
    tell("area:show", code);
    if (!row) { map.scrollIntoView({ block: "center", behavior: "smooth" }); }
  });
  const areas = document.getElementById("table-areas");
  areas.addEventListener("mouseover", (event) => {
    const row = event.target.closest("tbody tr");
    if (row) { tell("area:hover", row.dataset.code); }
  });
  areas.addEventListener("mouseleave", () => tell("area:hover", ""));

  map.addEventListener("area:selected", (event) => {
    all("tr.chosen", areas).forEach((row) => row.classList.remove("chosen"));
    const chosen = Array.from(areas.tBodies[0].rows).find((row) => event.detail && row.dataset.code === event.detail);
    if (!chosen) { return; }
    chosen.classList.add("chosen");
    const box = areas.closest(".scroll");
    const top = chosen.offsetTop - box.clientHeight / 2;
    box.scrollTo({ top: top, behavior: "smooth" });
  });

  function openFor(hash) {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    const part = target && target.closest("details");
    if (part) { part.open = true; target.scrollIntoView(); }
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) { event.preventDefault(); openFor(link.getAttribute("href")); }
  });
  openFor(window.location.hash);

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = all("details.part:not([open])");
    opened.forEach((part) => { part.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((part) => { part.open = false; }));
})();
