// Everything here only saves a step; the pages work without it.
"use strict";

// Propose the reader's own time zone where nobody has chosen one yet.
const zone = document.querySelector("[data-guess]");
const guess = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && guess && zone.value === zone.defaultValue) {
  const shown = document.querySelector("[data-when]");
  if (shown) shown.textContent = shown.textContent.replace(`(${zone.value})`, `(${guess})`);
  zone.value = guess;
}

// A tapped example joins what has been typed, instead of replacing it.
const topics = document.getElementById("keywords");
for (const example of document.querySelectorAll("[data-topic]")) {
  example.addEventListener("click", (event) => {
    event.preventDefault();
    topics.value = [topics.value.trimEnd(), example.dataset.topic].filter(Boolean).join("\n");
    example.remove();
    topics.focus();
  });
}

// What is wrong is the first thing to hear about.
document.getElementById("summary")?.focus();
