// SPDX-License-Identifier: MIT

// The value is a list of what is cut off at the sides of the window or of a box. A text that ends in
// an ellipsis is not, as long as its title has all of it. Boxes that scroll sideways count, too,
// except those of preformatted text.
(() => {
  const width = document.documentElement.clientWidth;
  const found = [];
  const tell = (element, why) =>
    found.push(`${why}: <${element.localName} class="${element.getAttribute("class") || ""}"> ` +
      element.textContent.trim().replace(/\s+/g, " ").slice(0, 80));
  if (document.documentElement.scrollWidth > width) {
    tell(document.documentElement, `the page is ${document.documentElement.scrollWidth} wide`);
  }
  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (style.visibility === "hidden" || box.width <= 1 || box.height <= 1) continue; // for readers of screens
    if (element.closest("pre")) continue;
    const hides = style.overflowX !== "visible";
    const explained = style.textOverflow === "ellipsis" && element.title;
    if (hides && element.scrollWidth > element.clientWidth + 1 && !explained && element.textContent.trim()) {
      tell(element, `${element.scrollWidth} in a box of ${element.clientWidth}`);
    }
    const ownText = [...element.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    const drawn = ownText && style.display !== "contents" && element.localName !== "title";
    if (drawn && (box.left < -0.5 || box.right > width + 0.5)) {
      tell(element, `from ${box.left} to ${box.right}`);
    }
  }
  return found;
})()
