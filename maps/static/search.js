// Search an area by Chinese name, pinyin, English name or code, with the keys of a combobox.
(function () {
  "use strict";
  const OutletMap = (window.OutletMap = window.OutletMap || {});
  const MOST = 8;

  const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f\s'’·-]/g, "");

  function entriesOf(data) {
    const areas = data.areas;
    const entries = areas.code.map((code, i) => ({
      label: areas.label[i],
      hint: [areas.label[i] === areas.name[i] ? areas.english[i] : areas.name[i], code].filter(Boolean).join(" · "),
      keys: [code, plain(areas.name[i]), plain(areas.pinyin[i]), plain(areas.english[i]), plain(areas.label[i])],
      area: i,
    }));
    data.provinces.label.forEach((label, i) => entries.push({
      label: label,
      hint: data.words.province,
      keys: [plain(label), plain(data.provinces.name[i])],
      province: data.provinces.name[i],
    }));
    return entries;
  }

  // Whole keys first, then beginnings, then anywhere inside.
  function rank(entry, query) {
    let best = 9;
    entry.keys.forEach((key) => {
      const at = key.indexOf(query);
      if (key && at >= 0) { best = Math.min(best, key === query ? 0 : at === 0 ? 1 : 2); }
    });
    return best;
  }

  OutletMap.search = function (data, choose) {
    const make = OutletMap.make;
    const entries = entriesOf(data);
    const box = make("div", "om-search");
    const input = make("input");
    const list = make("ul", "om-hits");
    let hits = [];
    let active = 0;
    input.type = "search";
    input.placeholder = data.words.search;
    list.id = "om-hits";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", data.words.search);
    const traits = { role: "combobox", "aria-label": data.words.search, "aria-controls": list.id, "aria-expanded": "false", "aria-autocomplete": "list", autocomplete: "off" };
    Object.keys(traits).forEach((key) => input.setAttribute(key, traits[key]));

    function take(entry) {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.value = entry.label;
      choose(entry);
    }

    function show() {
      list.replaceChildren(...hits.map((entry, i) => {
        const item = make("li", i === active ? "om-active" : "");
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", String(i === active));
        item.id = "om-hit-" + i;
        item.append(make("span", "", entry.label), make("small", "", entry.hint));
        item.addEventListener("mousedown", (event) => { event.preventDefault(); take(entry); });
        return item;
      }));
      if (!hits.length) { list.append(make("li", "om-nothing", data.words.nothing)); }
      list.hidden = !input.value.trim();
      input.setAttribute("aria-expanded", String(!list.hidden));
      if (hits.length) { input.setAttribute("aria-activedescendant", "om-hit-" + active); }
    }

    input.addEventListener("input", () => {
      const query = plain(input.value);
      const ranked = entries.map((entry) => [rank(entry, query), entry]).filter(([place]) => query && place < 9);
      ranked.sort((a, b) => a[0] - b[0]);
      hits = ranked.slice(0, MOST).map(([, entry]) => entry);
      active = 0;
      show();
    });
    input.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && hits.length) { event.preventDefault(); active = (active + step + hits.length) % hits.length; show(); }
      if (event.key === "Enter" && hits[active]) { event.preventDefault(); take(hits[active]); }
      if (event.key === "Escape") { input.value = ""; list.hidden = true; input.setAttribute("aria-expanded", "false"); }
    });
    input.addEventListener("blur", () => { list.hidden = true; });
    box.append(input, list);
    return box;
  };
})();
