// What a careful eye would complain about on the page that is open. Answers a list of sentences.
const complaints = [];
const root = document.documentElement;
const words = (element) => `<${element.localName}> “${(element.innerText || element.value || element.id || "").trim().slice(0, 50)}”`;
const isHidden = (element) =>
  !element.getClientRects().length || getComputedStyle(element).visibility === "hidden" || element.closest(".sr");

// Nothing sticks out to the side.
if (root.scrollWidth > root.clientWidth) complaints.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
for (const element of document.body.querySelectorAll("*")) {
  if (isHidden(element) || element.closest("svg svg, svg > *")) continue;
  const box = element.getBoundingClientRect();
  if (box.left < -0.5 || box.right > root.clientWidth + 0.5) complaints.push(`sticks out: ${words(element)}`);
}

// One heading, a language, a title; every reference leads somewhere.
const headings = document.querySelectorAll("h1").length;
if (headings !== 1) complaints.push(`has ${headings} main headings`);
if (!root.lang) complaints.push("has no language");
if (!document.title.trim()) complaints.push("has no title");
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
if (new Set(ids).size !== ids.length) complaints.push("uses an id twice");
for (const name of ["for", "aria-labelledby", "aria-describedby"]) {
  for (const element of document.querySelectorAll(`[${name}]`)) {
    for (const id of element.getAttribute(name).split(/\s+/)) {
      if (!document.getElementById(id)) complaints.push(`${name}="${id}" leads nowhere`);
    }
  }
}

// Everything can be named, and hit with a thumb.
for (const image of document.querySelectorAll("img")) {
  if (!image.hasAttribute("alt")) complaints.push("an image without alt");
  if (!image.complete || !image.naturalWidth) complaints.push(`an image that did not load: ${image.src}`);
}
for (const field of document.querySelectorAll("input:not([type=hidden])")) {
  const named = field.labels.length || field.getAttribute("aria-label") || field.getAttribute("aria-labelledby");
  if (!named) complaints.push(`a field without a name: ${words(field)}`);
}
for (const control of document.querySelectorAll("button, a, summary, input:not([type=hidden])")) {
  if (isHidden(control)) continue;
  if (control.localName !== "input" && !control.innerText.trim() && !control.textContent.trim()) complaints.push("a control without a name");
  const inline = control.localName === "a" && getComputedStyle(control).display === "inline";
  const target = control.type === "radio" ? control.parentElement : control.type === "checkbox" ? control.closest("label") : control;
  const box = target.getBoundingClientRect();
  if (!inline && (box.height < 44 || box.width < 44)) complaints.push(`too small for a thumb (${box.width} × ${box.height}): ${words(control)}`);
}

// Everything can be read: the contrast of WCAG 2.2, AA.
const parse = (colour) => {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return { r, g, b, a };
};
const over = (top, below) => {
  const mix = (channel) => top[channel] * top.a + below[channel] * (1 - top.a);
  return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
};
const ground = (element) => {
  if (!element) return parse(getComputedStyle(root).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(18,18,18)" : "rgb(255,255,255)");
  const own = parse(getComputedStyle(element).backgroundColor);
  return own.a === 1 ? own : over(own, ground(element.parentElement));
};
const luminance = ({ r, g, b }) => {
  const linear = (channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || isHidden(element) || element.closest("svg")) continue;
  const style = getComputedStyle(element);
  const below = ground(element);
  const ink = over(parse(style.color), below);
  const [light, dark] = [luminance(ink), luminance(below)].sort((a, b) => b - a);
  const contrast = (light + 0.05) / (dark + 0.05);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (contrast < (isLarge ? 3 : 4.5)) complaints.push(`contrast ${contrast.toFixed(2)}: ${words(element)}`);
}
return complaints;
