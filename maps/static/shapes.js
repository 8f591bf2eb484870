// What lies on the areas and is no point: pictures of dense demand, what outlets reach by road, routes.
(function () {
  "use strict";
  const OutletMap = (window.OutletMap = window.OutletMap || {});

  // The points that steps of a 100,000th of a degree lead through.
  OutletMap.walked = function (steps) {
    const points = [];
    let lon = 0, lat = 0;
    for (let n = 0; n < steps.length; n += 2) {
      lon += steps[n];
      lat += steps[n + 1];
      points.push([lon / 1e5, lat / 1e5]);
    }
    return points;
  };

  const inWorld = (steps) => OutletMap.walked(steps).map(([lon, lat]) => OutletMap.project(lon, lat));

  function boxOf(points) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    points.forEach(([x, y]) => {
      box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
    });
    return box;
  }

  // Makes a layer ready to be drawn; `later` is called when what takes time is ready too.
  OutletMap.prepareShapes = {
    polygons: (layer) => {
      layer.rings = layer.shape.map((rings) => rings.map(inWorld));
      layer.box = layer.rings.map((rings) => boxOf(rings.flat()));
    },
    lines: (layer) => {
      layer.line = layer.path.map(inWorld);
      layer.box = layer.line.map(boxOf);
    },
    picture: (layer, later) => {
      const bytes = Uint8Array.from(atob(layer.picture), (letter) => letter.charCodeAt(0));
      createImageBitmap(new Blob([bytes], { type: "image/png" }), { colorSpaceConversion: "none" }).then((bitmap) => {
        layer.ranks = ranksOf(bitmap, layer.level);
        later();
      });
    },
  };

  // The class of each pixel, from 1; 0 where there is nothing.
  function ranksOf(bitmap, level) {
    const canvas = OutletMap.make("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const ctx = canvas.getContext("2d", { willReadFrequently: true });
    ctx.drawImage(bitmap, 0, 0);
    const pixels = ctx.getImageData(0, 0, bitmap.width, bitmap.height).data;
    const ranks = new Uint8Array(bitmap.width * bitmap.height);
    for (let i = 0; i < ranks.length; i += 1) { ranks[i] = Math.round(pixels[4 * i] / level); }
    return { canvas: canvas, ranks: ranks };
  }

  // The picture in the colours of the theme, kept until they change.
  function coloured(layer) {
    const names = layer.classes.map((kind) => OutletMap.colour(kind.fill));
    if (layer.dyed === names.join()) { return layer.ranks.canvas; }
    layer.dyed = names.join();
    const canvas = layer.ranks.canvas;
    const ctx = canvas.getContext("2d", { willReadFrequently: true });
    const image = ctx.createImageData(canvas.width, canvas.height);
    const dye = names.map((name) => [1, 3, 5].map((at) => parseInt(name.slice(at, at + 2), 16)));
    layer.ranks.ranks.forEach((rank, i) => {
      const colour = dye[rank - 1];
      if (colour) { image.data.set([colour[0], colour[1], colour[2], 255], 4 * i); }
    });
    ctx.putImageData(image, 0, 0);
    return canvas;
  }

  // Only the part that is seen is drawn: near, the whole picture would be a million pixels wide.
  OutletMap.paintPicture = function (layer, ctx, toPixel, view) {
    if (!layer.ranks) { return; }
    const canvas = coloured(layer);
    const [left, top] = toPixel(layer.corners.slice(0, 2));
    const [right, low] = toPixel(layer.corners.slice(2));
    const wide = (right - left) / canvas.width;
    const high = (low - top) / canvas.height;
    const x0 = Math.max(0, Math.floor((view.min.x - left) / wide)), x1 = Math.min(canvas.width, Math.ceil((view.max.x - left) / wide));
    const y0 = Math.max(0, Math.floor((view.min.y - top) / high)), y1 = Math.min(canvas.height, Math.ceil((view.max.y - top) / high));
    if (x1 <= x0 || y1 <= y0) { return; }
    ctx.imageSmoothingEnabled = wide < 1;
    ctx.imageSmoothingQuality = "high";
    ctx.globalAlpha = 0.88;
    ctx.drawImage(canvas, x0, y0, x1 - x0, y1 - y0, left + x0 * wide, top + y0 * high, (x1 - x0) * wide, (y1 - y0) * high);
    ctx.globalAlpha = 1;
  };

  function inView(box, toPixel, view) {
    const [left, top] = toPixel([box[0], box[1]]);
    const [right, low] = toPixel([box[2], box[3]]);
    return right > view.min.x && left < view.max.x && low > view.min.y && top < view.max.y;
  }

  // Corners closer than a pixel to the one before are not seen, so they are not drawn.
  function follow(path, points, toPixel) {
    let lastX = Infinity, lastY = Infinity;
    points.forEach((point, n) => {
      const [x, y] = toPixel(point);
      const ends = n === 0 || n === points.length - 1;
      if (!ends && Math.abs(x - lastX) + Math.abs(y - lastY) < 1) { return; }
      if (n === 0) { path.moveTo(x, y); } else { path.lineTo(x, y); }
      lastX = x;
      lastY = y;
    });
  }

  // All polygons of a class as one surface. What is proposed has a dashed edge, so that colour never speaks alone.
  OutletMap.paintPolygons = function (layer, ctx, toPixel, view, chosen) {
    layer.classes.forEach((kind, rank) => {
      const all = new Path2D();
      const one = new Path2D();
      layer.rings.forEach((rings, i) => {
        if (layer.member[i] !== rank || !inView(layer.box[i], toPixel, view)) { return; }
        rings.forEach((ring) => follow(layer.of[i] === chosen ? one : all, ring, toPixel));
      });
      ctx.lineJoin = "round";
      ctx.fillStyle = OutletMap.colour(kind.fill);
      [[all, 0.1, 1.2, 0.7], [one, 0.16, 2.6, 1]].forEach(([path, depth, width, edge]) => {
        ctx.globalAlpha = depth;
        ctx.fill(path);
        ctx.globalAlpha = 0.45;
        ctx.lineWidth = width + 1.6;
        ctx.strokeStyle = OutletMap.colour("halo");
        ctx.stroke(path);
        ctx.globalAlpha = edge;
        ctx.lineWidth = width;
        ctx.strokeStyle = ctx.fillStyle;
        ctx.setLineDash(kind.shape === "zone-new" ? [6, 4] : []);
        ctx.stroke(path);
        ctx.setLineDash([]);
      });
      ctx.globalAlpha = 1;
    });
  };

  // Routes with a halo; the chosen one is drawn last, wider, with a ring where it begins and a dot where it ends.
  OutletMap.paintLines = function (layer, ctx, toPixel, view, chosen) {
    const many = layer.line.length > 60;
    layer.line.forEach((line, i) => {
      if (i !== chosen && inView(layer.box[i], toPixel, view)) { stroked(ctx, line, layer.classes[layer.member[i]], toPixel, many ? 1.8 : 2.4, many ? 0.45 : 0.9); }
    });
    if (chosen < 0 || chosen === undefined) { return; }
    const line = layer.line[chosen];
    const kind = layer.classes[layer.member[chosen]];
    stroked(ctx, line, kind, toPixel, 4.2, 1);
    [line[0], line[line.length - 1]].forEach((end, n) => {
      const [x, y] = toPixel(end);
      ctx.beginPath();
      OutletMap.trace.circle(ctx, x, y, n ? 4.5 : 5.5);
      ctx.fillStyle = OutletMap.colour(n ? kind.fill : "halo");
      ctx.strokeStyle = OutletMap.colour(n ? "halo" : kind.fill);
      ctx.lineWidth = n ? 1.6 : 3;
      ctx.fill();
      ctx.stroke();
    });
  };

  function stroked(ctx, line, kind, toPixel, width, halo) {
    const path = new Path2D();
    follow(path, line, toPixel);
    ctx.lineJoin = ctx.lineCap = "round";
    ctx.globalAlpha = halo;
    ctx.setLineDash([]);
    const off = kind.shape === "route-off";
    ctx.strokeStyle = OutletMap.colour("halo");
    ctx.lineWidth = width + (off ? 1 : 2.4);
    ctx.stroke(path);
    ctx.globalAlpha = 1;
    ctx.setLineDash(off ? [3 + width, 2 + 1.2 * width] : []);
    ctx.strokeStyle = OutletMap.colour(kind.fill);
    ctx.lineWidth = width;
    ctx.stroke(path);
    ctx.setLineDash([]);
  }

  function farFrom(x, y, a, b) {
    const dx = b[0] - a[0], dy = b[1] - a[1];
    const long = dx * dx + dy * dy;
    const part = long ? Math.max(0, Math.min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / long)) : 0;
    const ex = a[0] + part * dx - x, ey = a[1] + part * dy - y;
    return ex * ex + ey * ey;
  }

  // The line nearest to a pixel, at most six pixels away.
  OutletMap.nearestLine = function (map, layers, point) {
    const scale = Math.pow(2, map.getZoom());
    const origin = map.getPixelOrigin();
    const x = (point.x + origin.x) / scale, y = (point.y + origin.y) / scale;
    const wide = 6 / scale;
    let best = null;
    let limit = wide * wide;
    layers.forEach((layer) => layer.line.forEach((line, i) => {
      const box = layer.box[i];
      if (x < box[0] - wide || y < box[1] - wide || x > box[2] + wide || y > box[3] + wide) { return; }
      for (let n = 1; n < line.length; n += 1) {
        const far = farFrom(x, y, line[n - 1], line[n]);
        if (far < limit) { limit = far; best = { layer: layer, index: i, line: true }; }
      }
    }));
    return best;
  };

  OutletMap.lineContent = function (hit) {
    const make = OutletMap.make;
    const facts = make("dl", "om-facts om-way-facts");
    hit.layer.facts.forEach((fact) => facts.append(make("dt", "", fact.label), make("dd", "", fact.values[hit.index])));
    const kind = hit.layer.classes[hit.layer.member[hit.index]];
    return [make("h3", "", hit.layer.text[hit.index]), make("p", "om-where", hit.layer.title + " · " + kind.label), facts];
  };

  // Routes by name, for those who do not point: choosing one shows it.
  OutletMap.routeChoice = function (layer, words, choose) {
    const select = OutletMap.make("select", "om-select om-routes");
    select.setAttribute("aria-label", words.route);
    select.append(OutletMap.make("option", "", words.route + " …"));
    layer.text.forEach((text, i) => {
      const option = OutletMap.make("option", "", text + " · " + layer.hint[i]);
      option.value = String(i);
      select.append(option);
    });
    select.options[0].value = "";
    select.addEventListener("change", () => choose(select.value === "" ? -1 : Number(select.value)));
    return select;
  };
})();
