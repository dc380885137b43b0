// What people are told of an answer that is not the page.
const OLD = "What you see may be old.";

export const OUT_OF_REACH = `The dashboard cannot be reached. ${OLD}`;

export const SIGNED_OUT = "Your session has ended. Sign in in another tab, then go on here.";

// What our own page of a failure says; pages of others, such as a proxy's, speak of other things.
const reasonIn = (page) => {
  const said = page.querySelector(".failure [role=alert]")?.textContent.trim();
  const title = page.querySelector(".failure h1")?.textContent.trim();
  return said && `${title}: ${said.replace(/\.$/, "")}.`;
};

export const wordsOf = (status, page) => {
  if (status === 404) return "This is gone. What you see is the last that was known of it.";
  const other = status >= 500 ? "The server cannot answer now." : `The server refuses this page (${status}).`;
  return `${reasonIn(page) || other} ${OLD}`;
};
