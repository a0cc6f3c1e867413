"use strict";
(async () => {
  const packed = document.getElementById("packed");
  const section = document.getElementById("all");
  if (!packed || !section || typeof DecompressionStream === "undefined") return;
  const bytes = Uint8Array.from(atob(packed.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = JSON.parse(await new Response(stream).text());
  const by = (id) => document.getElementById(id);
  const make = (name, text, kind) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (kind) node.className = kind;
    return node;
  };
  for (const [index, [covered, what]] of data.covers.entries()) {
    const option = make("option", covered === "nothing" ? "nothing: " + what : what || covered);
    option.value = String(index);
    by("cover").append(option);
  }
  const SIZE = 100;
  let found = data.rows;
  let page = 0;
  const stack = (row) => {
    const cell = make("td");
    const known = data.stacks[row[8]];
    if (!known) return cell;
    const fold = make("details");
    fold.append(make("summary", data.frames[known[0]] ?? "stack"));
    fold.addEventListener("toggle", () => {
      if (fold.children.length > 1) return;
      const list = make("ol", undefined, "stack");
      for (const frame of known) list.append(make("li", frame < 0 ? "… (truncated)" : data.frames[frame]));
      fold.append(list);
    });
    cell.append(fold);
    return cell;
  };
  const show = () => {
    const body = by("rows");
    body.replaceChildren();
    for (const row of found.slice(page * SIZE, (page + 1) * SIZE)) {
      const line = make("tr");
      const [covered, what] = data.covers[row[7]];
      line.append(
        make("td", row[1], "object"), make("td", data.rights[row[2]]), make("td", String(row[3]), "number"),
        make("td", data.programs[row[6]]), make("td", covered === "nothing" ? "nothing" : what || covered),
        make("td", new Date(row[5]).toISOString().replace("T", " ").slice(0, 19), "when"), stack(row));
      body.append(line);
    }
    const last = Math.max(1, Math.ceil(found.length / SIZE));
    by("place").textContent = found.length + " accesses, page " + (page + 1) + " of " + last;
    by("back").disabled = page === 0;
    by("next").disabled = page + 1 >= last;
  };
  const filter = () => {
    const text = by("find").value.toLowerCase();
    const cover = by("cover").value;
    found = data.rows.filter((row) =>
      (cover === "" || String(row[7]) === cover) &&
      (text === "" || row[1].toLowerCase().includes(text) || data.programs[row[6]].toLowerCase().includes(text)));
    page = 0;
    show();
  };
  by("find").addEventListener("input", filter);
  by("cover").addEventListener("change", filter);
  by("back").addEventListener("click", () => { page -= 1; show(); });
  by("next").addEventListener("click", () => { page += 1; show(); });
  show();
  section.hidden = false;
  document.documentElement.dataset.ready = "all";
})();
