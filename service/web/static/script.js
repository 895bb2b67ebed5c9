// Everything here only saves a step; the pages work without it.
"use strict";

const topics = document.getElementById("keywords");
const form = topics?.form;

// Propose the reader's own time zone where nobody has chosen one yet.
const zone = document.querySelector("[data-guess]");
const guess = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && guess && zone.value === zone.defaultValue) {
  const shown = document.querySelector("[data-zone]");
  if (shown) shown.textContent = guess.split("/").pop().replaceAll("_", " ");
  zone.value = guess;
}

// The preview follows the typing: asked for when it rests, and only the last answer counts.
const sheet = document.querySelector("[data-live]");
let asked, waiting, last;

const chosen = (...names) =>
  new URLSearchParams([...new FormData(form)].filter(([name, value]) => names.includes(name) && value));

const query = () => {
  const typed = new URLSearchParams();
  for (const line of topics.value.split("\n")) if (line.trim()) typed.append("k", line.trim());
  return typed.toString();
};

async function look() {
  const typed = query();
  const address = `${sheet.dataset.live}?${typed}&${chosen("timezone", "hour", "weekdays")}`;
  if (address === last || address.length > 8000) return;
  asked?.abort();
  const mine = (asked = new AbortController());
  last = address;
  sheet.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal: mine.signal });
    const page = await answer.text();
    if (mine !== asked || !answer.ok) return;
    sheet.innerHTML = page;
    history.replaceState(null, "", typed ? `/?${typed}` : "/");
    const found = sheet.querySelector("[data-found]");
    const bar = document.querySelector("[data-week]");
    if (found && bar) bar.textContent = found.dataset.found;
  } catch (error) {
    if (mine === asked) last = "";
    if (error.name !== "AbortError") throw error;
  } finally {
    if (mine === asked) sheet.removeAttribute("aria-busy");
  }
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(look, 300);
}

if (sheet && form) form.addEventListener("input", soon);

// A tapped example or suggestion joins what has been typed, or takes the place of the line it mends.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-topic]");
  if (!link || !topics) return;
  event.preventDefault();
  const lines = topics.value.split("\n").map((line) => line.trim());
  const kept = lines.filter((line) => line && line !== link.dataset.instead);
  if (!kept.includes(link.dataset.topic)) kept.push(link.dataset.topic);
  topics.value = kept.join("\n");
  if (link.closest(".examples")) link.remove();
  topics.dispatchEvent(new Event("input", { bubbles: true }));
});

// What is wrong is the first thing to hear about.
document.getElementById("summary")?.focus();
