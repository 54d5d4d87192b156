/* What one looks for on a page, each as a list of what is wrong. Runs in the pages of the tests, before their own scripts. */
(() => {
  const every = () => [...document.querySelectorAll('body *')];
  const name = (one) => one.outerHTML.slice(0, 140).replace(/\s+/g, ' ');
  const some = (found) => found.slice(0, 6).map(name);
  /* For eyes: what only a screen reader is told is out of sight on purpose. */
  const seen = (one) => one.checkVisibility({visibilityProperty: true}) && !one.closest('.visually-hidden, .out-of-sight, .skip, .skip-to-content-link');
  const moves = (style) => style.animationName !== 'none' || style.transitionDuration.split(', ').some((each) => parseFloat(each) > 0);

  window.looking = {
    async narrow() {
      return [document.title, this.structure(), this.sideways(), this.motion(), await this.axe()];
    },

    /* The text alone twice as large. */
    atTwice() {
      const root = document.documentElement;
      root.style.fontSize = '200%';
      const found = [...this.sideways(), ...this.cut()].map((one) => `text twice as large: ${one}`);
      root.style.fontSize = '';
      return [found];
    },

    structure() {
      const wrong = [];
      const headings = [...document.querySelectorAll('h1')].filter((one) => one.checkVisibility());
      if (headings.length !== 1) wrong.push(`${headings.length} first headings: ${some(headings)}`);
      if (!document.documentElement.lang) wrong.push('no language');
      const unsaid = [...document.querySelectorAll('[aria-invalid=true]')].filter((one) => !described(one));
      wrong.push(...some(unsaid).map((one) => `does not say what is wrong: ${one}`));
      return wrong;
    },

    /* Hand in the largest form of the page with nothing in it, as if the browser had not looked at it before. */
    handInNothing() {
      const forms = [...document.querySelectorAll('main form[method=post]')].sort((one, other) => other.elements.length - one.elements.length);
      const form = forms[0];
      if (!form) throw new Error(`no form: ${location}`);
      form.noValidate = true;
      for (const one of form.querySelectorAll('input:not([type=hidden], [type=checkbox], [type=radio], [type=submit]), textarea')) if (!one.closest('[hidden], .out-of-sight')) one.value = '';
      form.requestSubmit(form.querySelector('button[value=submit], button[name^=hand_in]') || form.querySelector('[type=submit]:not([value=save])'));
    },
    /* Fields that say what is wrong with them. */
    refused: () => document.querySelectorAll('[aria-invalid=true]').length,

    /* The last things that stick out, where the page is wider than the window. */
    sideways() {
      const wide = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= wide) return [];
      const framed = (one) => one.parentElement?.closest('body *') && (getComputedStyle(one.parentElement).overflowX !== 'visible' || framed(one.parentElement));
      const out = every().filter((one) => one.getBoundingClientRect().right > wide + 1 || one.getBoundingClientRect().left < -1)
        .filter((one) => !framed(one)).slice(-4);
      return (out.length ? out : [document.body]).map((one) => `sticks out: ${name(one)}`);
    },

    /* Text that its box cuts off. */
    cut() {
      const found = every().filter((one) => {
        if (one.clientWidth < 2 || !seen(one) || one.closest('svg, select, textarea, iframe')) return false;
        const style = getComputedStyle(one), hides = /hidden|clip/;
        if (style.textOverflow === 'ellipsis' || !one.textContent.trim()) return false;
        return (hides.test(style.overflowX) && one.scrollWidth > one.clientWidth + 2) || (hides.test(style.overflowY) && one.scrollHeight > one.clientHeight + 2);
      });
      return some(found).map((one) => `cut off: ${one}`);
    },

    /* Asked for less motion, nothing moves: neither now nor at the next touch. */
    motion() {
      const found = every().filter((one) => ['', '::before', '::after'].some((part) => moves(getComputedStyle(one, part))));
      if (getComputedStyle(document.documentElement).scrollBehavior === 'smooth') found.push(document.documentElement);
      return some(found).map((one) => `moves: ${one}`);
    },

    /* On paper: no ways to elsewhere, no buttons, nothing behind a scroll bar, ink on white. */
    paper() {
      const wrong = [];
      const ways = [...document.querySelectorAll('nav, header.site, #header, footer, #footer, .skip, .skip-to-content-link, button, input[type=submit], input[type=button], .button')];
      wrong.push(...some(ways.filter((one) => one.checkVisibility() && one.ariaPressed !== 'true' && one.getClientRects().length && seen(one))).map((one) => `on paper: ${one}`));
      const cut = every().filter((one) => one.clientWidth > 1 && seen(one) && !one.closest('svg, select, input, textarea, iframe')
        && getComputedStyle(one).overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 2);
      wrong.push(...some(cut).map((one) => `cut off on paper: ${one}`));
      const floats = every().filter((one) => seen(one) && /fixed|sticky/.test(getComputedStyle(one).position));
      wrong.push(...some(floats).map((one) => `floats over paper: ${one}`));
      const light = every().filter((one) => seen(one) && [...one.childNodes].some((each) => each.nodeType === 3 && each.data.trim()))
        .filter((one) => !one.closest('svg') && luminance(getComputedStyle(one).color) > 0.4);
      wrong.push(...some(light).map((one) => `too light for paper: ${one}`));
      return wrong;
    },

    /* All of axe's rules but the one about colours, which `contrast` looks at. */
    axe: () => run(document, {rules: {'target-size': {enabled: true}, 'color-contrast': {enabled: false}}}),

    /* Looks of text that nobody has measured yet, and what axe says of the contrast of one piece of text of each. */
    async contrast(known) {
      const fresh = new Map(), measured = new Set(known);
      for (const one of every()) {
        if (![...one.childNodes].some((each) => each.nodeType === 3 && each.data.trim()) || !seen(one)) continue;
        const look = lookOf(one);
        if (!measured.has(look) && !fresh.has(look)) fresh.set(look, one);
      }
      if (!fresh.size) return [[], []];
      return [[...fresh.keys()], await run([...fresh.values()], {runOnly: {type: 'rule', values: ['color-contrast']}})];
    },
  };

  /* A field by itself, or as one of a group that says it for all. */
  function described(one) {
    const group = one.parentElement.closest('fieldset[aria-describedby], [role=group][aria-describedby]');
    return says(one) || (group && says(group));
  }

  function says(one) {
    const ids = `${one.getAttribute('aria-describedby') || ''} ${one.getAttribute('aria-errormessage') || ''}`.trim().split(/\s+/);
    return ids.some((id) => document.getElementById(id)?.textContent.trim());
  }

  async function run(where, options) {
    const found = await window.axe.run(where, {resultTypes: ['violations'], iframes: false, ...options});
    return found.violations.map((each) => `${each.id}: ${each.help} at ${each.nodes.slice(0, 6).map((one) => one.target)}`);
  }

  /* What contrast depends on: the ink, the size, and each ground down to one that nothing shines through. */
  function lookOf(one) {
    const style = getComputedStyle(one), parts = [style.color, style.fontSize, style.fontWeight];
    for (let each = one; each; each = each.parentElement) {
      const ground = getComputedStyle(each);
      parts.push(ground.backgroundColor, ground.backgroundImage, ground.opacity);
      if (/^(rgb|oklab|color)\([^/]*\)$/.test(ground.backgroundColor) && !ground.backgroundColor.startsWith('rgba')) break;
    }
    return parts.join(' ').replaceAll(/rgba\(0, 0, 0, 0\) none 1 ?/g, '');
  }

  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  function luminance(colour) {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((each) => (each / 255) ** 2.2);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
})();
