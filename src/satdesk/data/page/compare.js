/* Two dates or more on one map: swipe, fade, side by side. Nothing is fetched. */
window.Satdesk = (function () {
  'use strict';

  const words = JSON.parse(document.getElementById('data').textContent).words;

  /* Text from the release only ever becomes text nodes. */
  function make(name, className, text) {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text) element.textContent = text;
    return element;
  }

  function assign(element, attributes) {
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    return element;
  }

  function nameDate(tag, date) {
    tag.replaceChildren(...[date.side && make('b', '', date.side), make('span', '', date.day)].filter(Boolean));
    [...tag.children].forEach((part) => { part.dir = 'auto'; }); // the map runs left to right, words need not
  }

  /* The line of each date below the map says where it is; those that are not shown step back. */
  function markSides(left, right) {
    document.querySelectorAll('.date').forEach((line) => {
      const at = line.dataset.date === left.id ? 'left' : line.dataset.date === right.id ? 'right' : '';
      line.dataset.at = at;
      line.hidden = !at;
    });
  }

  /* The tiles of two dates, each in a pane of its own. */
  const Pair = L.Class.extend({
    initialize(map, tiles) {
      this.map = map;
      this._tiles = tiles;
      this._layers = {};
      this.dates = {};
      this.panes = { left: this._pane('left', 210), right: this._pane('right', 205) };
    },

    _pane(name, order) {
      const pane = this.map.createPane(name);
      pane.style.zIndex = order;
      return pane;
    },

    /* Puts `date` on a side of `map`, which is the pair's own if it is not given. */
    show(side, date, map) {
      const place = map || this.map;
      const layer = this._layers[side];
      if (layer && this.dates[side] === date && layer._map === place) return;
      if (layer) layer.remove();
      this.dates[side] = date;
      this._layers[side] = this._tiles(date, side).addTo(place);
    },

    plain() {
      Object.values(this.panes).forEach((pane) => {
        pane.style.clipPath = pane.style.opacity = pane.style.mixBlendMode = '';
      });
    },
  });

  /* A line that is drawn over the map: one date on its left, the other on its right. */
  const Swipe = L.Class.extend({
    initialize(pair) {
      this._pair = pair;
      this._map = pair.map;
      this._share = 0.5;
      this._widths = { left: 0, right: 0 };
      this._build();
      this._map.on('move zoom zoomend viewreset resize', () => this._on && this._place());
    },

    start(left, right) {
      this._on = true;
      this._bars.forEach((bar) => { bar.hidden = false; });
      Object.entries({ left: left, right: right }).forEach(([side, date]) => {
        this._pair.show(side, date);
        nameDate(this._tags[side], date);
        this._widths[side] = this._tags[side].offsetWidth + 14;
      });
      markSides(left, right);
      this._place();
      this._describe();
    },

    stop() {
      this._on = false;
      this._bars.forEach((bar) => { bar.hidden = true; });
      this._pair.plain();
    },

    _build() {
      this._bars = [['swipe-line', 590], ['swipe-handle', 680]].map(([name, order]) => {
        const bar = make('div', 'swipe');
        this._pair._pane(name, order).append(bar);
        return bar;
      });
      this._tags = { left: make('div', 'tag left'), right: make('div', 'tag right') };
      const grip = make('div', 'grip');
      this._handle = assign(make('div', 'handle'), {
        tabindex: '0',
        role: 'slider',
        'aria-label': words.divider,
        'aria-orientation': 'horizontal',
        'aria-valuemin': '0',
        'aria-valuemax': '100',
      });
      this._bars[0].append(make('div', 'line'), grip); // below sites, which stay within reach
      this._bars[1].append(this._tags.left, this._tags.right, this._handle); // below popups only
      [grip, this._handle].forEach((target) => this._listen(target));
      this._handle.addEventListener('keydown', (event) => this._onKey(event));
    },

    _listen(target) {
      L.DomEvent.disableClickPropagation(target);
      const drag = (event) => {
        const box = this._map.getContainer().getBoundingClientRect();
        this.move((event.clientX - box.left) / box.width);
      };
      target.addEventListener('pointerdown', (event) => {
        if (event.button !== 0) return;
        target.setPointerCapture(event.pointerId);
        target.addEventListener('pointermove', drag);
        this._handle.focus({ preventScroll: true });
        event.preventDefault();
      });
      ['pointerup', 'pointercancel', 'lostpointercapture'].forEach((end) =>
        target.addEventListener(end, () => target.removeEventListener('pointermove', drag))
      );
    },

    _onKey(event) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const step = event.shiftKey ? 0.1 : 0.02;
      const moves = {
        ArrowLeft: this._share - step,
        ArrowDown: this._share - step,
        ArrowRight: this._share + step,
        ArrowUp: this._share + step,
        PageDown: this._share - 0.1,
        PageUp: this._share + 0.1,
        Home: 0,
        End: 1,
      };
      if (!(event.key in moves)) return;
      event.preventDefault();
      event.stopPropagation();
      this.move(moves[event.key]);
    },

    /* Share of the map's width that the left date has, 0 to 1. */
    move(share) {
      this._share = Math.min(Math.max(share, 0), 1);
      this._place();
      this._describe();
    },

    /* Panes move with the map, so the clip is set anew in their own pixels. */
    _place() {
      const size = this._map.getSize();
      const start = this._map.containerPointToLayerPoint([0, 0]);
      const end = start.add(size);
      const edge = start.x + size.x * this._share;
      const clip = (from, to) =>
        'polygon(' + [[from, start.y], [to, start.y], [to, end.y], [from, end.y]]
          .map((point) => point[0] + 'px ' + point[1] + 'px').join(', ') + ')';
      this._pair.panes.left.style.clipPath = clip(start.x, edge);
      this._pair.panes.right.style.clipPath = clip(edge, end.x);
      this._bars.forEach((bar) => {
        bar.style.left = edge + 'px';
        bar.style.top = start.y + 'px';
        bar.style.height = size.y + 'px';
      });
      const room = { left: edge - start.x, right: end.x - edge };
      ['left', 'right'].forEach((side) =>
        this._tags[side].classList.toggle('cramped', room[side] < this._widths[side])
      );
    },

    _describe() {
      const percent = Math.round(this._share * 100);
      const { left, right } = this._pair.dates;
      assign(this._handle, {
        'aria-valuenow': percent,
        'aria-valuetext': percent + ' %: left ' + left.title + '; right ' + right.title,
      });
    },
  });

  /* One date over the other; of more than two dates the slider runs through all of them. */
  const Fade = L.Class.extend({
    initialize(pair, dates) {
      this._pair = pair;
      this._all = dates;
      this._slider = assign(make('input'), { type: 'range', min: '0', step: '2', 'aria-label': words.fader });
      this._tag = make('output', 'fade-words');
      this._box = make('div', 'fade');
      this._box.append(this._slider, this._tag);
      this._box.hidden = true;
      pair.map.getContainer().append(this._box);
      L.DomEvent.disableClickPropagation(this._box);
      L.DomEvent.disableScrollPropagation(this._box);
      this._slider.addEventListener('input', () => this._place());
      this._slider.addEventListener('keydown', (event) => event.stopPropagation());
    },

    start(left, right) {
      this._dates = this._all.length > 2 ? this._all : [left, right];
      this._slider.max = 100 * (this._dates.length - 1);
      this._slider.value = 50;
      this._box.hidden = false;
      this._place();
    },

    stop() {
      this._box.hidden = true;
      this._pair.plain();
    },

    /* What one date lacks stays empty in its share: added light, not one over the other. */
    _place() {
      const at = Number(this._slider.value) / 100;
      const first = Math.min(Math.floor(at), this._dates.length - 2);
      const share = at - first;
      const [left, right] = [this._dates[first], this._dates[first + 1]];
      this._pair.show('left', left);
      this._pair.show('right', right);
      this._pair.panes.left.style.mixBlendMode = 'plus-lighter';
      this._pair.panes.left.style.opacity = 1 - share;
      this._pair.panes.right.style.opacity = share;
      const part = (date, of) => (of > 0 ? [date.title + (of < 1 ? ' ' + Math.round(100 * of) + ' %' : '')] : []);
      const words = [...part(left, 1 - share), ...part(right, share)].join(' · ');
      this._tag.textContent = words;
      this._slider.setAttribute('aria-valuetext', words);
      markSides(left, right);
    },
  });

  /* Two maps that move together, one date each. */
  const Beside = L.Class.extend({
    initialize(pair, options, furnish) {
      this._pair = pair;
      this._options = options;
      this._furnish = furnish;
      this._tags = ['left', 'right'].map(() => make('div', 'beside-tag'));
      this._marks = ['left', 'right'].map(() => make('div', 'echo'));
      this._marks.concat(this._tags).forEach((element) => { element.hidden = true; });
      pair.map.getContainer().append(this._tags[0], this._marks[0]);
    },

    start(left, right) {
      document.querySelector('.maps').classList.add('two');
      if (!this._other) this._build();
      this._box.hidden = false;
      [left, right].forEach((date, i) => nameDate(this._tags[i], date));
      this._tags.forEach((tag) => { tag.hidden = false; });
      this._pair.map.invalidateSize({ animate: false });
      this._other.invalidateSize({ animate: false });
      this._pair.show('left', left);
      this._pair.show('right', right, this._other);
      this._box.setAttribute('aria-label', words.of + right.title);
      this._follow(this._pair.map, this._other);
      markSides(left, right);
    },

    stop() {
      document.querySelector('.maps').classList.remove('two');
      this._box.hidden = true;
      this._tags.concat(this._marks).forEach((element) => { element.hidden = true; });
      this._pair.map.invalidateSize({ animate: false });
    },

    _build() {
      this._box = assign(make('div', 'other'), { id: 'map-right', role: 'region' });
      document.querySelector('.maps').append(this._box);
      this._other = L.map(this._box, { ...this._options, zoomAnimation: false });
      this._other.createPane('right').style.zIndex = 205;
      this._lead(this._other, this._pair.map.getCenter(), this._pair.map.getZoom());
      this._furnish(this._other);
      this._box.append(this._tags[1], this._marks[1]);
      const both = [this._pair.map, this._other];
      both.forEach((map, i) => {
        const twin = both[1 - i];
        map.on('move zoomend', () => this._follow(map, twin));
        map.on('zoomanim', (event) => this._lead(twin, event.center, event.zoom));
        map.on('mousemove', (event) => this._echo(this._marks[1 - i], twin, event.latlng));
        map.on('mouseout', () => { this._marks[1 - i].hidden = true; });
      });
      new ResizeObserver(() => {
        this._other.invalidateSize({ animate: false });
        if (!this._box.hidden) this._follow(this._pair.map, this._other);
      }).observe(this._box);
    },

    _follow(map, twin) {
      if (this._box.hidden || this._following) return;
      this._lead(twin, map.getCenter(), map.getZoom());
    },

    _lead(twin, center, zoom) {
      if (this._box.hidden || this._following) return;
      this._following = true;
      twin.setView(center, zoom, { animate: false });
      this._following = false;
    },

    /* The cursor's place on the other map. */
    _echo(mark, twin, at) {
      if (this._box.hidden) return;
      const point = twin.latLngToContainerPoint(at);
      mark.style.transform = 'translate(' + point.x + 'px, ' + point.y + 'px)';
      mark.hidden = false;
    },
  });

  /* Buttons on the map: which of the three ways is on. */
  const Ways = L.Control.extend({
    options: { position: 'topright' },

    initialize(ways, choose) {
      this._ways = ways;
      this._choose = choose;
    },

    onAdd() {
      const bar = assign(make('div', 'ways leaflet-bar'), { role: 'group', 'aria-label': words.ways });
      this._ways.forEach(([name, title]) => {
        const button = assign(make('button', 'way way-' + name), {
          type: 'button', title: title, 'aria-label': title, 'aria-pressed': 'false', 'data-way': name,
        });
        button.addEventListener('click', () => this.press(name));
        bar.append(button);
      });
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    },

    press(name) {
      this.getContainer().querySelectorAll('.way').forEach((button) =>
        button.setAttribute('aria-pressed', button.dataset.way === name)
      );
      this._choose(name);
    },
  });

  /* Starts the comparison of `dates`; `furnish` draws boundary and sites on a second map. */
  function compare(map, tiles, dates, options, furnish) {
    const pair = new Pair(map, tiles);
    const ways = {
      swipe: new Swipe(pair),
      fade: new Fade(pair, dates),
      beside: new Beside(pair, options, furnish),
    };
    const byId = new Map(dates.map((date) => [date.id, date]));
    const chosen = { left: dates[0], right: dates[dates.length - 1] };
    let way = null;
    const start = () => way.start(chosen.left, chosen.right);
    const bar = document.querySelector('.compare');
    new Ways([['swipe', words.swipe], ['fade', dates.length > 2 ? words.fade_time : words.fade], ['beside', words.beside]],
      (name) => {
        if (way) way.stop();
        way = ways[name];
        if (bar) bar.hidden = name === 'fade'; // its slider runs through all dates
        start();
      }).addTo(map).press('swipe');
    ['left', 'right'].forEach((side) => {
      const select = document.getElementById('choose-' + side);
      if (!select) return;
      select.addEventListener('change', () => {
        chosen[side] = byId.get(select.value);
        start();
      });
    });
  }

  return { make: make, compare: compare };
})();
