// Points, area signs and labels, each on one canvas of its own: ten thousand outlets paint in some milliseconds.
(function () {
  "use strict";
  const OutletMap = (window.OutletMap = window.OutletMap || {});
  const TAU = 2 * Math.PI;

  OutletMap.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  // Web Mercator in units of a 256-pixel world, so that a zoom only multiplies.
  OutletMap.project = function (lon, lat) {
    const sine = Math.sin((lat * Math.PI) / 180);
    return [(256 * (lon + 180)) / 360, 128 - (64 * Math.log((1 + sine) / (1 - sine))) / Math.PI];
  };

  const trace = {
    circle: (ctx, x, y, r) => { ctx.moveTo(x + r, y); ctx.arc(x, y, r, 0, TAU); },
    dot: (ctx, x, y, r) => { ctx.moveTo(x + r, y); ctx.arc(x, y, r, 0, TAU); },
    square: (ctx, x, y, r) => ctx.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
    triangle: (ctx, x, y, r) => {
      ctx.moveTo(x, y - r * 1.15); ctx.lineTo(x + r, y + r * 0.75); ctx.lineTo(x - r, y + r * 0.75); ctx.closePath();
    },
    plus: (ctx, x, y, r) => {
      ctx.moveTo(x - r, y); ctx.lineTo(x + r, y); ctx.moveTo(x, y - r); ctx.lineTo(x, y + r);
    },
  };
  OutletMap.trace = trace;

  // A canvas above the areas that calls `paint(ctx, toPixel, bounds, zoom)` whenever the view has changed.
  OutletMap.Painter = L.Renderer.extend({
    initialize: function (paint, options) {
      L.Renderer.prototype.initialize.call(this, options);
      this._paint = paint;
    },
    _initContainer: function () {
      this._container = document.createElement("canvas");
      this._ctx = this._container.getContext("2d");
    },
    _destroyContainer: function () {
      this._container.remove();
      delete this._container;
      delete this._ctx;
    },
    _update: function () {
      if (this._map._animatingZoom && this._bounds) { return; }
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      L.DomUtil.setPosition(this._container, this._bounds.min);
      this._container.width = ratio * size.x;
      this._container.height = ratio * size.y;
      this._container.style.width = size.x + "px";
      this._container.style.height = size.y + "px";
      this._ctx.scale(ratio, ratio);
      this._ctx.translate(-this._bounds.min.x, -this._bounds.min.y);
      this.repaint();
    },
    _updatePaths: function () {},
    repaint: function () {
      if (!this._bounds || !this._ctx) { return; }
      const zoom = this._map.getZoom();
      const scale = Math.pow(2, zoom);
      const origin = this._map.getPixelOrigin();
      const { min, max } = this._bounds;
      this._ctx.clearRect(min.x, min.y, max.x - min.x, max.y - min.y);
      const toPixel = (world) => [world[0] * scale - origin.x, world[1] * scale - origin.y];
      const seen = (x, y) => x > min.x - 20 && x < max.x + 20 && y > min.y - 20 && y < max.y + 20;
      this._paint(this._ctx, toPixel, seen, zoom, this._bounds);
    },
  });

  // Points grow with the zoom; from afar ten thousand of them must not hide what the areas say.
  const radiusAt = (zoom, shape, many) => {
    if (shape === "dot") { return Math.min(9, 1.1 + 0.55 * Math.max(0, zoom - 3)); }
    const base = many ? [0.75, 1.2, 1.9, 3.2, 4.6] : [2.2, 2.8, 3.4, 4.2, 5];
    const place = Math.min(base.length - 1, Math.max(0, zoom - 4));
    const low = Math.floor(place);
    const high = Math.min(base.length - 1, low + 1);
    return base[low] + (base[high] - base[low]) * (place - low);
  };

  // Makes a layer ready to be drawn; `later` is called when what takes time is ready too.
  OutletMap.prepare = function (layer, later) {
    layer.draws = layer.draws || "points";
    if (layer.draws !== "points") { OutletMap.prepareShapes[layer.draws](layer, later); }
    layer.world = layer.lon.map((lon, i) => OutletMap.project(lon, layer.lat[i]));
    layer.many = layer.lon.length > 800;
  };

  OutletMap.paintPoints = function (layer, ctx, toPixel, seen, zoom) {
    layer.classes.forEach((kind, rank) => {
      const radius = radiusAt(zoom, kind.shape, layer.many) * (kind.shape === "dot" ? 0.7 + 0.22 * rank : 1);
      const at = [];
      for (let i = 0; i < layer.world.length; i += 1) {
        if (layer.member[i] !== rank) { continue; }
        const [x, y] = toPixel(layer.world[i]);
        if (seen(x, y)) { at.push([x, y]); }
      }
      const rim = radius >= 2.6 && kind.shape !== "dot";
      if (kind.shape === "reach") { outlineReach(layer, rank, ctx, toPixel, zoom, OutletMap.colour(kind.fill)); return; }
      if (rim) { fillAll(ctx, at, kind.shape, radius + 1.2, OutletMap.colour("rim"), 1); }
      const faint = kind.shape === "dot" ? 0.85 : layer.many ? Math.min(0.92, 0.35 + 0.19 * Math.max(0, zoom - 4)) : 0.92;
      fillAll(ctx, at, kind.shape, radius, OutletMap.colour(kind.fill), faint);
      if (kind.plus && radius >= 2.6) { strokeAll(ctx, at, radius * 0.62, OutletMap.colour("rim")); }
    });
  };

  // How far outlets reach, in kilometres on the ground, as one area with a soft edge: overlaps do not add up.
  function outlineReach(layer, rank, ctx, toPixel, zoom, colour) {
    const path = new Path2D();
    layer.world.forEach((world, i) => {
      if (layer.member[i] !== rank) { return; }
      const [x, y] = toPixel(world);
      const radius = (layer.km[i] * 256 * Math.pow(2, zoom)) / (40075.017 * Math.cos((layer.lat[i] * Math.PI) / 180));
      path.moveTo(x + radius, y);
      path.arc(x, y, radius, 0, TAU);
    });
    ctx.fillStyle = ctx.strokeStyle = colour;
    ctx.lineWidth = 1;
    ctx.globalAlpha = 0.08;
    ctx.fill(path);
    ctx.globalAlpha = 0.55;
    ctx.stroke(path);
    ctx.globalAlpha = 1;
  }

  // One path for thousands of points: overlapping shapes of one colour need no fill of their own.
  function fillAll(ctx, at, shape, radius, colour, alpha) {
    ctx.globalAlpha = alpha;
    ctx.fillStyle = colour;
    ctx.beginPath();
    at.forEach(([x, y]) => trace[shape](ctx, x, y, radius));
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  function strokeAll(ctx, at, radius, colour) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = Math.max(1, radius * 0.45);
    ctx.beginPath();
    at.forEach(([x, y]) => trace.plus(ctx, x, y, radius));
    ctx.stroke();
  }

  // The point of a layer nearest to a pixel, at most eight pixels away.
  OutletMap.nearest = function (map, layers, point) {
    const scale = Math.pow(2, map.getZoom());
    const origin = map.getPixelOrigin();
    let best = null;
    let limit = 64;
    layers.forEach((layer) => {
      layer.world.forEach((world, i) => {
        const x = world[0] * scale - origin.x - point.x;
        const y = world[1] * scale - origin.y - point.y;
        const far = x * x + y * y;
        if (far < limit) { limit = far; best = { layer: layer, index: i }; }
      });
    });
    return best;
  };

  const SIGNS = { short: "triangle", met: "circle" };

  // The sign of each area's status, so that colour never speaks alone.
  OutletMap.paintSigns = function (data, colouring, ctx, toPixel, seen, zoom) {
    const size = Math.min(5.5, 2.6 + 0.6 * Math.max(0, zoom - 3.5));
    data.world.forEach((world, i) => {
      const kind = colouring.classes[colouring.member[i]];
      const [x, y] = toPixel(world);
      if (!kind || !kind.mark || kind.mark === "none" || !seen(x, y)) { return; }
      if (kind.mark === "met" && zoom < 6) { return; }
      drawSign(ctx, kind.mark, x, y, size);
    });
  };

  function drawSign(ctx, mark, x, y, size) {
    if (mark === "unknown") {
      ctx.font = "700 " + Math.round(size * 3) + "px system-ui, sans-serif";
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      written(ctx, "?", x, y, OutletMap.colour("unknown"), 2.5);
      return;
    }
    ctx.beginPath();
    trace[SIGNS[mark]](ctx, x, y, mark === "met" ? size * 0.7 : size);
    ctx.lineWidth = 2;
    ctx.strokeStyle = OutletMap.colour("halo");
    ctx.stroke();
    ctx.fillStyle = OutletMap.colour(mark);
    ctx.fill();
  }

  function written(ctx, text, x, y, colour, halo) {
    ctx.lineJoin = "round";
    ctx.lineWidth = halo;
    ctx.strokeStyle = OutletMap.colour("halo");
    ctx.strokeText(text, x, y);
    ctx.fillStyle = colour;
    ctx.fillText(text, x, y);
  }

  const boxAt = (x, y, half) => [x - half, y - 7, x + half, y + 7];
  const isFree = (taken, box) => taken.every((other) => box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3]);

  // Labels in the order of their weight; one that would touch an earlier one moves a little, or is left out.
  OutletMap.paintLabels = function (labels, ctx, toPixel, seen) {
    const taken = [];
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    labels.forEach((label) => {
      const [x, y] = toPixel(label.world);
      if (!seen(x, y)) { return; }
      ctx.font = (label.strong ? "600 12px " : "12px ") + 'system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';
      const half = ctx.measureText(label.text).width / 2 + 2;
      const low = [0, -10, 10].map((shift) => y + (label.below || 0) + shift).find((middle) => isFree(taken, boxAt(x, middle, half)));
      if (low === undefined) { return; }
      taken.push(boxAt(x, low, half));
      ctx.globalAlpha = label.strong ? 0.95 : 1;
      written(ctx, label.text, x, low, OutletMap.colour(label.strong ? "label" : "ink"), 3);
      ctx.globalAlpha = 1;
    });
  };
})();
