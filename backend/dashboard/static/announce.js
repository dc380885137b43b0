// Tells those who listen to a page what those who look at it see at once.
const region = document.querySelector("[data-announce]");
let saying = [];
let known = { state: "", signs: new Map() };

const speak = () => {
  const words = document.createElement("p");
  words.textContent = saying.join(" ");
  saying = [];
  // A new element is said even when its words are those that were said last.
  region.replaceChildren(words);
};

export const announce = (words) => {
  // What comes at once is said at once: the later words would cut off the earlier ones.
  if (!saying.length) setTimeout(speak);
  saying.push(words);
};

// A sign that does not name itself stays the same while its numbers go up, as from 1 job to 2 jobs; digits
// in names are no such numbers.
const AMOUNT = /(?<![\w:.-])\d[\d.,\u202f]*(?: (?:ms|s|min|h|d)\b)?(?![\w:-])/g;
const PLURAL = /(?<=\w\w)s\b/g;

export const wordsIn = (sign) => sign.textContent.trim().replace(/\s+/g, " ");
const nameOf = (sign) => sign.dataset.sign || wordsIn(sign).replace(AMOUNT, "#").replace(PLURAL, "");

const signsIn = (page) =>
  new Map([...page.querySelectorAll("#signs .sign.critical")].map((sign) => [nameOf(sign), wordsIn(sign)]));

const newsIn = (page) => ({
  state: page.querySelector("#job-head h1 .state")?.textContent || "",
  signs: signsIn(page),
});

export const knowNews = (page) => {
  known = newsIn(page);
};

export const announceNews = (page) => {
  const before = known;
  knowNews(page);
  if (known.state !== before.state) announce(`This job is now ${known.state}.`);
  for (const [sign, words] of known.signs) if (!before.signs.has(sign)) announce(words);
};
