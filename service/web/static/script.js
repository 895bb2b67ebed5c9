// Everything here only saves a step; the pages work without it.
"use strict";

// What changes on a page is said aloud to who does not see it.
const heard = document.createElement("p");
heard.className = "unseen";
heard.setAttribute("role", "status");
document.body.append(heard);
const say = (words) => {
  if (heard.textContent !== words) heard.textContent = words;
};

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
    for (const link of document.querySelectorAll("a[href^='/start']")) link.href = `/start?${typed}`;
    const found = sheet.querySelector("[data-found]");
    const bar = document.querySelector("[data-week]");
    if (!found) return;
    if (bar) bar.textContent = found.dataset.found;
    say(found.dataset.found);
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
  const kept = lines(topics.value).filter((line) => line !== link.dataset.instead);
  if (!kept.includes(link.dataset.topic)) kept.push(link.dataset.topic);
  topics.value = kept.join("\n");
  if (link.closest(".examples")) {
    // Who pressed a key goes on from here.
    if (!event.detail) (link.nextElementSibling ?? topics).focus();
    link.remove();
  }
  topics.dispatchEvent(new Event("input", { bubbles: true }));
});

// A whole subscription: its buttons change the form at once, and Save says how many changes wait.
const counted = document.querySelector("[data-counts]");
const lines = (text) => text.split(/\n/).map((line) => line.trim().replace(/\s+/g, " ")).filter(Boolean);
// Only the server takes such a line apart: topics behind commas, or a list that was pasted.
const whole = (line) => !/[,;，；、]|^([-*+•·‣–—]|\d+[.)])\s/.test(line);
const values = () => {
  const found = {};
  for (const field of counted.querySelectorAll("input[name], textarea, select")) {
    const key = field.type === "checkbox" ? field.name : field.id || field.name;
    if (field.type === "checkbox") found[key] = (found[key] ?? "") + (field.checked ? field.value + " " : "");
    else found[key] = field.value;
  }
  return found;
};
const differences = (before, now) =>
  Object.keys(now).reduce((sum, key) => {
    const [old, fresh] = [before[key] ?? "", now[key]];
    if (old === fresh) return sum;
    if (!key.startsWith("keywords")) return sum + 1;
    const [gone, come] = [lines(old), lines(fresh)];
    const left = gone.filter((line) => !come.includes(line)).length;
    const added = come.filter((line) => !gone.includes(line)).length;
    return sum + Math.max(left, added);
  }, 0);

if (counted) {
  const save = counted.querySelector("[data-save]");
  const waiting = Number(save.textContent.match(/\d+/) ?? 0);
  const before = values();
  const tell = () => {
    const count = differences(before, values()) + waiting;
    save.textContent = count ? `Save ${count} ${count === 1 ? "change" : "changes"}` : "Save";
    for (const row of counted.querySelectorAll("[data-row]")) {
      const field = row.closest(".profile").querySelector("textarea");
      const topic = row.dataset.row;
      const there = (line) => line === topic || (!whole(line) && line.includes(topic));
      row.toggleAttribute("data-gone", !lines(field.value).some(there));
    }
  };
  const follow = async () => {
    asked?.abort();
    const mine = (asked = new AbortController());
    const body = new URLSearchParams(new FormData(counted));
    body.append("action", "look");
    const answer = await fetch(counted.getAttribute("action"), { method: "POST", body, signal: mine.signal }).catch(() => null);
    const text = answer?.ok ? await answer.text().catch(() => "") : "";
    if (mine !== asked || !text) return;
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-live-part]");
    const held = document.activeElement;
    counted.querySelectorAll("[data-live-part]").forEach((part, at) => (part.innerHTML = fresh[at].innerHTML));
    say([save.textContent, counted.querySelector("[data-found]")?.dataset.found].filter(Boolean).join(". "));
    if (held.isConnected || !held.name) return;
    const same = [...counted.elements].find((each) => each.name === held.name && each.value === held.value);
    (same ?? counted.querySelector("textarea")).focus();
  };
  let following;
  const changed = () => {
    tell();
    clearTimeout(following);
    following = setTimeout(follow, 600);
  };
  counted.addEventListener("input", changed);
  counted.addEventListener("click", (event) => {
    const button = event.target.closest("button[name]");
    const days = { daily: 7, weekdays: 5 }[button?.value];
    const boxes = [...counted.querySelectorAll("[name=weekdays]")];
    if (button?.name === "rhythm") {
      const first = Math.max(boxes.findIndex((box) => box.checked), 0);
      boxes.forEach((box, at) => (box.checked = days ? at < days : at === first));
    } else if (["drop", "add", "swap"].includes(button?.name)) {
      const field = button.closest(".profile").querySelector("textarea");
      const topic = button.value.slice(button.value.indexOf(":") + 1);
      const [old, fresh] = button.name === "swap" ? topic.split("→") : [topic, button.name === "add" ? topic : ""];
      const there = lines(field.value);
      if (button.name !== "add" && !there.includes(old) && !button.closest("[data-gone]")) return;
      const kept = there.filter((line) => line !== old && line !== fresh);
      // A second press on a row takes the first one back.
      if (fresh || (button.name === "drop" && !there.includes(old))) kept.push(fresh || old);
      field.value = kept.join("\n");
      if (button.name !== "drop") {
        if (!event.detail) field.focus();
        button.parentElement.remove();
      }
    } else return;
    event.preventDefault();
    changed();
  });
}

// The arrow keys turn the pages that have neighbours.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest?.("input, textarea, select")) return;
  const to = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  document.querySelector(`a[rel="${to}"]`)?.click();
});

// What is wrong is the first thing to hear about.
document.getElementById("summary")?.focus();
