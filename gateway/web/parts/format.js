// Figures and times as people read them.

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const number = (value) => (value === null || value === undefined ? "–" : NUMBER.format(value));
export const short = (value) => (value === null || value === undefined ? "–" : value < 10000 ? NUMBER.format(value) : SHORT.format(value));
export const share = (value) => (value === null || value === undefined ? "–" : `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`);
export const level = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));

export function usd(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "$0";
  if (value < 0.00001) return "< $0.00001";
  return `$${value.toFixed(value < 0.01 ? 5 : value < 100 ? 2 : 0)}`;
}

export function ms(value) {
  if (value === null || value === undefined) return "–";
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(value < 10000 ? 2 : 1)} s`;
}

export function time(iso) {
  if (!iso) return "–";
  const at = new Date(iso);
  const sameDay = at.toDateString() === new Date().toDateString();
  const clock = at.toLocaleTimeString("en-GB");
  return sameDay ? clock : `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock.slice(0, 5)}`;
}

// The time of day in the reader's own zone, as all other times are; with seconds where all of it is one moment.
export const clock = (iso, seconds) => new Date(iso).toLocaleTimeString("en-GB").slice(0, seconds ? 8 : 5);

export function ago(iso) {
  const seconds = (Date.now() - new Date(iso)) / 1000;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

export const before = (milliseconds) => new Date(Date.now() - milliseconds).toISOString();
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
