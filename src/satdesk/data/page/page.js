/* The map of a release: tiles, boundary, sites, panel. Nothing is fetched. */
(function () {
  'use strict';

  const data = JSON.parse(document.getElementById('data').textContent);
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  document.documentElement.classList.add('js');
  const texts = data.standing;
  const words = data.words;

  /* What holds today stands in status.js, which changes when the release does not. */
  function standing() {
    const found = window.satdeskStatus;
    if (!found || !(found.status in texts)) return;
    if (found.status === 'embargoed' && Date.now() >= Date.parse(found.embargo_until)) return;
    const line = make('p', 'banner standing');
    line.append(make('strong', '', texts[found.status]), ' ');
    const until = found.status === 'embargoed' ? found.embargo_until : '';
    const later = found.replaced_by ? words.replaced.replace('{number}', found.replaced_by.revision) + ' ' : '';
    line.append(make('span', '', later + until + (found.reason || '')));
    let place = document.querySelector('.banners');
    if (!place) {
      place = make('section', 'banners');
      place.setAttribute('aria-label', words.status);
      document.querySelector('header').before(place);
    }
    place.prepend(line);
  }

  const make = window.Satdesk.make;

  standing();

  /* Map. */

  const fine = window.devicePixelRatio >= 1.5; // a 512-pixel tile fills 256 pixels of the page
  const offset = fine ? 0 : -1;
  const framed = window.self !== window.top; // embedded in somebody's article
  const bounds = L.latLngBounds(data.bounds);
  const options = {
    attributionControl: false,
    zoomControl: false,
    scrollWheelZoom: !framed,
    zoomSnap: 0.25,
    wheelPxPerZoomLevel: 100,
    minZoom: Math.max(data.tiles.first - 1, 0),
    maxZoom: data.tiles.last + 4,
    maxBounds: bounds.pad(1.5),
    maxBoundsViscosity: 0.8,
    zoomAnimation: !still,
    fadeAnimation: !still,
    markerZoomAnimation: !still,
    inertia: !still,
  };
  const map = L.map('map', options);

  const Tiles = L.TileLayer.extend({
    /* Ask only for tiles that the release has. */
    _isValidTile(coords) {
      const row = (this.options.rows[coords.z + offset] || {})[coords.y] || [];
      return row.some(([first, last]) => first <= coords.x && coords.x <= last);
    },
  });

  function tiles(date, pane) {
    return new Tiles(date.path + '/{z}/{x}/{y}.webp', {
      pane: pane,
      rows: date.rows,
      tileSize: fine ? 256 : 512,
      zoomOffset: offset,
      minNativeZoom: data.tiles.first - offset,
      maxNativeZoom: data.tiles.last - offset,
      maxZoom: data.tiles.last + 4,
      noWrap: true,
      keepBuffer: 3,
    });
  }

  function whole(animate) {
    map.fitBounds(bounds, { paddingTopLeft: [16, 16], paddingBottomRight: [16, 16], animate: animate && !still });
  }

  /* In an article the wheel scrolls the article, until the reader turns to the map. */
  if (framed) {
    map.on('focus', () => map.scrollWheelZoom.enable());
    map.on('blur', () => map.scrollWheelZoom.disable());
  }

  /* Controls. */

  const Zoom = L.Control.Zoom.extend({
    onAdd(map_) {
      const bar = L.Control.Zoom.prototype.onAdd.call(this, map_);
      this._createButton('', words.whole, 'whole', bar, () => whole(true));
      return bar;
    },
  });

  const Readout = L.Control.extend({
    onAdd() {
      return make('div', 'readout');
    },
    show(word, at) {
      const part = (value, plus, minus) => Math.abs(value).toFixed(5) + '° ' + (value < 0 ? minus : plus);
      this.getContainer().textContent =
        '\u2068' + word + '\u2069 ' + part(at.lat, 'N', 'S') + ', ' + part(at.wrap().lng, 'E', 'W');
    },
  });

  function addControls() {
    new Zoom({ position: 'topleft', zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
    L.control.scale({ position: 'bottomleft', imperial: false, maxWidth: 140 }).addTo(map);
    const readout = new Readout({ position: 'bottomright' }).addTo(map);
    const center = () => readout.show(words.centre, map.getCenter());
    map.on('move', center);
    map.on('mouseout', center);
    if (window.matchMedia('(hover: hover)').matches) {
      map.on('mousemove', (event) => readout.show(words.cursor, event.latlng));
    }
    center();
  }

  /* Boundary. */

  function addBoundary(map) {
    const dash = data.district.contested ? '9 7' : null;
    const line = (color, weight) => ({
      style: { color: color, weight: weight, fill: false, dashArray: dash, lineCap: 'butt', interactive: false },
      interactive: false,
      noClip: true, // or the dashes of the two lines part company at the map's edge
    });
    L.geoJSON(data.district.geometry, line('#000000', 5)).addTo(map);
    L.geoJSON(data.district.geometry, line('#ffffff', 2.5)).addTo(map);
  }

  /* Sites. */

  function languageName(tag) {
    try {
      return new Intl.DisplayNames([words.tag], { type: 'language' }).of(tag);
    } catch (error) {
      return tag; // not a well-formed tag, or an old browser
    }
  }

  function about(site) {
    const box = make('div');
    box.append(make('h2', '', site.title));
    box.append(make('p', 'about', site.kind));
    const list = make('ul');
    site.names.forEach((name) => {
      const item = make('li');
      const text = make('span', '', name.text);
      text.dir = 'auto';
      if (name.lang) text.lang = name.lang;
      item.append(text);
      const remarks = [name.lang && languageName(name.lang), name.source].filter(Boolean).join(', ');
      if (remarks) item.append(' ', make('small', '', remarks));
      list.append(item);
    });
    box.append(list);
    if (site.coarse) box.append(make('p', 'about', words.coarsened));
    if (site.known) box.append(make('p', 'about', site.known));
    if (site.sources.length) box.append(make('p', 'about', words.sources + site.sources.join('; ') + '.'));
    return box;
  }

  const markers = new Map();

  function addShape(site, map) {
    if (!site.shape) return;
    L.geoJSON(site.shape, {
      interactive: false,
      style: { color: '#ffffff', weight: 2, fillOpacity: 0.08, interactive: false },
    }).addTo(map);
  }

  /* A second map shows the same lines and places; what they are is told on the first. */
  function furnish(map) {
    addBoundary(map);
    data.sites.forEach((site) => {
      addShape(site, map);
      L.marker(site.point, {
        icon: L.divIcon({ className: 'site', iconSize: [44, 44] }), keyboard: false, interactive: false,
      }).addTo(map).getElement().setAttribute('aria-hidden', 'true');
    });
  }

  function addSite(site) {
    addShape(site, map);
    const marker = L.marker(site.point, {
      icon: L.divIcon({ className: 'site', iconSize: [44, 44] }),
      keyboard: true,
      riseOnHover: true,
    }).addTo(map);
    marker.getElement().setAttribute('aria-label', site.title + ', ' + site.kind);
    marker.bindTooltip(make('span', '', site.title), {
      permanent: true, direction: 'auto', offset: [12, 0], className: 'site-label',
    });
    marker.bindPopup(() => about(site), { minWidth: 180, autoPanPaddingTopLeft: [62, 16], autoPanPaddingBottomRight: [16, 16] });
    markers.set(site.id, marker);
  }

  /* A popup never grows out of the map: on a phone it is narrow, held sideways it scrolls. A label
     points to the map's middle, so half the map holds it: a longer one is broken into lines. */
  function fitPopups() {
    const size = map.getSize();
    map.getContainer().style.setProperty('--label-width', Math.max(60, Math.floor(size.x / 2) - 30) + 'px');
    markers.forEach((marker) => {
      marker.getTooltip().update();
      const options = marker.getPopup().options;
      options.maxWidth = Math.min(300, size.x - 130);
      options.maxHeight = Math.max(90, size.y - 90);
    });
  }

  /* A label that would cover an earlier one or lie under a button goes to its marker's other side; where
     that is no better it is hidden at this zoom. Its marker stays. */
  function thinLabels() {
    const room = map.getContainer().getBoundingClientRect();
    const boxOf = (element) => element.getBoundingClientRect();
    const taken = Array.from(map.getContainer().querySelectorAll('.leaflet-control'), boxOf);
    const free = (box) => box.left >= room.left && box.right <= room.right && !taken.some(
      (other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom
    );
    markers.forEach((marker) => {
      const tooltip = marker.getTooltip();
      const label = tooltip.getElement();
      if (!label) return;
      const turn = (way) => {
        tooltip.options.direction = way;
        tooltip.update();
        return free(boxOf(label));
      };
      const crowded = !['auto', 'left', 'right'].some(turn) && !turn('auto');
      label.classList.toggle('crowded', crowded);
      if (!crowded) taken.push(boxOf(label));
    });
  }

  /* Panel: beside the map where there is room, else over it. */

  function setUpPanel() {
    const panel = document.getElementById('panel');
    const toggle = document.getElementById('panel-toggle');
    const main = panel.parentElement;
    const wide = window.matchMedia('(min-width: 62rem) and (min-height: 30rem)');
    const set = (open) => {
      panel.hidden = !open;
      main.classList.toggle('open', open);
      toggle.setAttribute('aria-expanded', open);
      toggle.textContent = open && !wide.matches ? words.back : words.panel;
    };
    toggle.hidden = false;
    set(wide.matches);
    wide.addEventListener('change', () => set(wide.matches));
    toggle.addEventListener('click', () => set(panel.hidden));
    document.querySelector('.skip').addEventListener('click', () => { set(true); panel.focus(); });
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !wide.matches && !panel.hidden) { set(false); toggle.focus(); }
    });
    document.querySelectorAll('[data-site]').forEach((button) =>
      button.addEventListener('click', () => {
        if (!wide.matches) set(false);
        map.invalidateSize({ animate: false });
        const marker = markers.get(button.dataset.site);
        map.setView(marker.getLatLng(), Math.max(map.getZoom(), data.tiles.last), { animate: !still });
        marker.openPopup();
      })
    );
  }

  /* Where the page is served, its own address is the one to embed. */
  function setUpEmbedding() {
    const snippet = document.getElementById('embed-snippet');
    if (!window.location.protocol.startsWith('http')) return;
    const here = window.location.href.split(/[?#]/)[0];
    snippet.textContent = snippet.textContent.replace(snippet.dataset.unknown, encodeURI(decodeURI(here)));
  }

  function setUpCopying() {
    const told = make('p', 'unseen');
    told.setAttribute('role', 'status');
    document.querySelector('main').append(told);
    document.querySelectorAll('[data-copy]').forEach((button) =>
      button.addEventListener('click', () => {
        const source = document.getElementById(button.dataset.copy);
        window.getSelection().selectAllChildren(source);
        const done = document.execCommand('copy'); // works from file:// too, where the clipboard may not
        const say = done ? words.copied : words.press_keys;
        button.textContent = told.textContent = say;
        window.setTimeout(() => { button.textContent = words.copy; told.textContent = ''; }, 2500);
      })
    );
  }

  /* Until somebody moves the map, the whole district stays in sight: a page may open in a hidden
     tab of an article, where the map has no size yet, and a phone may be turned. */
  function keepInSight() {
    let touched = false;
    ['pointerdown', 'wheel', 'keydown'].forEach((kind) =>
      document.addEventListener(kind, (event) => {
        if (event.target.closest('.maps, [data-site]') && !event.target.closest('.ways, .fade')) touched = true;
      }, { capture: true, passive: true })
    );
    new ResizeObserver(() => {
      map.invalidateSize({ animate: false });
      if (!touched) whole(false);
    }).observe(map.getContainer());
  }

  setUpPanel();
  setUpEmbedding();
  setUpCopying();
  map.invalidateSize({ animate: false });
  whole(false);
  if (data.dates.length > 1) window.Satdesk.compare(map, tiles, data.dates, options, furnish);
  else tiles(data.dates[0], 'tilePane').addTo(map);
  addBoundary(map);
  data.sites.forEach(addSite);
  addControls();
  fitPopups();
  thinLabels();
  map.on('resize', fitPopups);
  map.on('zoomend moveend resize', thinLabels);
  keepInSight();
})();
