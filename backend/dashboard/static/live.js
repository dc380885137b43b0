// Keeps marked parts of a page as the server would draw them now, and holds them still while somebody
// reads, selects or types in them.
import { announce, announceNews, knowNews } from "./announce.js";
import { OUT_OF_REACH, SIGNED_OUT, wordsOf } from "./answers.js";
import { differs, insert, showTimes, swap } from "./parts.js";
import { isBusy } from "./reader.js";
import { setClock } from "./times.js";

const LONGEST_WAIT = 30_000;
const held = document.querySelector("[data-held]");
const notice = document.querySelector("[data-offline]");
let tag = "";
let waiting = null;
let isAsking = false;
let told = "";
let latest = new Map();

// Parts that are as they were come as empty marks; what they are is what came last.
const whole = (page) => {
  for (const same of page.querySelectorAll("[data-same]"))
    same.replaceWith(page.importNode(latest.get(same.id), true));
  latest = new Map([...page.querySelectorAll("[data-live]")].map((part) => [part.id, part.cloneNode(true)]));
};

// Whether the part is now as it was fetched; a part that somebody is at waits.
const renew = (part, fresh, force) => {
  if (fresh && !differs(part, fresh)) {
    showTimes(part, fresh);
    return true;
  }
  if (!force && isBusy(part)) return false;
  if (fresh) swap(part, fresh);
  else part.remove();
  return true;
};

const hold = (isHeld) => {
  if (isHeld && held.hidden) announce(held.querySelector("span").textContent);
  // Focus must not stay on a button that nobody sees.
  if (!isHeld && held.contains(document.activeElement))
    document.getElementById("main").focus({ preventScroll: true });
  held.hidden = !isHeld;
};

const apply = (page, force) => {
  const here = [...document.querySelectorAll("[data-live]")];
  const behind = here.filter((part) => !renew(part, page.getElementById(part.id), force));
  for (const fresh of page.querySelectorAll("[data-live]"))
    if (!document.getElementById(fresh.id)) insert(fresh);
  document.title = page.title;
  waiting = behind.length ? page : null;
  hold(behind.length > 0);
};

const say = (words) => {
  if (words && words !== notice.textContent) announce(words);
  notice.textContent = words;
  notice.hidden = !words;
};

const show = (answer, text) => {
  const page = new DOMParser().parseFromString(text, "text/html");
  // A network's own page may come with status 200; none of its parts is ours to show.
  const isOurs = !answer.redirected && page.body.dataset.refresh;
  if (!answer.ok || !isOurs) {
    say(answer.ok ? OUT_OF_REACH : wordsOf(answer.status, page));
    return;
  }
  say("");
  tag = answer.headers.get("ETag") || "";
  told = answer.headers.get("X-Parts") || "";
  whole(page);
  announceNews(page);
  renewTokens(page);
  apply(page, false);
};

// What somebody is writing, in a live part or beside them, is not thrown away.
const leave = () => {
  const parts = [document.getElementById("main"), ...document.querySelectorAll("[data-live]")];
  if (parts.some(isBusy)) say(SIGNED_OUT);
  else location.replace(location.pathname + location.search);
};

// A form that was open while its session ended goes on in the new one.
const renewTokens = (page) => {
  const fresh = page.querySelector("input[name=form_token]");
  if (fresh) for (const input of document.querySelectorAll("input[name=form_token]")) input.value = fresh.value;
};

const receive = async () => {
  const answer = await fetch(location.href, {
    headers: { "X-Live": "1", ...(tag && { "If-None-Match": tag }), ...(told && { "X-Parts": told }) },
    cache: "no-store",
    signal: AbortSignal.timeout(LONGEST_WAIT),
  });
  setClock(answer.headers.get("Date"));
  return [answer, await answer.text()];
};

const ask = async () => {
  // Two at once could be shown in the wrong order.
  if (isAsking) return;
  isAsking = true;
  const received = await receive().catch(() => null);
  isAsking = false;
  if (!received) say(OUT_OF_REACH);
  // The server leads whoever is signed out to the sign-in, and from there back to here.
  else if (received[0].status === 401) leave();
  else if (received[0].status === 304) say("");
  else show(...received);
};

export const keepLive = () => {
  const seconds = Number(document.body.dataset.refresh);
  if (!seconds || !document.querySelector("[data-live]")) return;
  const isSeen = () => document.visibilityState === "visible";
  const turn = async () => {
    try {
      if (isSeen()) await ask();
    } finally {
      setTimeout(turn, seconds * 1000);
    }
  };
  knowNews(document);
  setTimeout(turn, seconds * 1000);
  held.querySelector("[data-release]").addEventListener("click", () => waiting && apply(waiting, true));
  document.addEventListener("visibilitychange", () => isSeen() && ask());
  // What was held is shown as soon as nobody holds it.
  setInterval(() => waiting && apply(waiting, false), 500);
};
