// Instants stand in a page as they are, in UTC; here they are said as people say them. So a page is the same
// until something happens, and needs not be sent again because time goes on.
const STEPS = [[60, "s"], [60, "min"], [24, "h"], [Infinity, "d"]];
const UNITS = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
let ahead = 0;

// The clock of the server counts: that of a browser may be minutes off.
export const setClock = (date) => {
  const now = Date.parse(date);
  if (now) ahead = now - Date.now();
};

const relative = (seconds) => {
  let amount = Math.abs(seconds);
  if (amount < 1) return "now";
  for (const [size, unit] of STEPS) {
    const whole = Math.round(amount);
    // What rounds to the next unit is said in it.
    if (whole < size) {
      const words = `${whole} ${unit}`;
      return seconds > 0 ? `${words} ago` : `in ${words}`;
    }
    amount /= size;
  }
};

const length = (seconds) => {
  const first = UNITS.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [size, unit] = UNITS[first];
  const whole = `${Math.floor(seconds / size)} ${unit}`;
  const [less, lesser] = UNITS[first + 1] || [0];
  const rest = less && Math.floor((seconds % size) / less);
  return rest ? `${whole} ${rest} ${lesser}` : whole;
};

const wordsOf = (time) => {
  const seconds = (Date.now() + ahead - Date.parse(time.dateTime)) / 1000;
  return "since" in time.dataset ? length(Math.max(0, seconds)) : relative(seconds);
};

export const sayTime = (time) => {
  const words = wordsOf(time);
  if (words && !words.includes("NaN") && time.textContent !== words) time.textContent = words;
};

export const sayTimes = (part, isHeld) => {
  // Selected words stay the words that were selected.
  for (const time of part.querySelectorAll("time[datetime]")) if (!isHeld(time)) sayTime(time);
};
