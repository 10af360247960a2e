// Shows a report: verdict, items, keys to compare, and each step with what it means and what it does not.

import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "./bytes.js";
import { shown } from "./documents.js";
import { bdi, el, sentence } from "./dom.js";
import { labelOf } from "./note.js";
import { type About, type ItemSeen, type Report, STEPS, type StepResult } from "./steps.js";
import type { Outcome, Words } from "./words/words.js";

const CLASSES: Readonly<Record<Outcome, string>> = { passed: "passed", failed: "failed", "not checked": "open" };
const SIGNS: Readonly<Record<Outcome, string>> = { passed: "✓", failed: "✗", "not checked": "○" };
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

export class Result {
  constructor(
    private readonly report: Report,
    private readonly words: Words,
    private readonly locale: string,
    private readonly bundleName: string,
  ) {}

  draw(): HTMLElement[] {
    return [this.verdict(), this.items(), this.keys(), this.steps()];
  }

  private verdict(): HTMLElement {
    const { words } = this;
    const failed = this.report.steps.find((step) => step.result === "failed");
    const count = (result: Outcome): number => this.report.steps.filter((step) => step.result === result).length;
    const print = el("button", { type: "button", id: "print" }, words.print);
    print.addEventListener("click", () => window.print());
    const head = failed ? sentence(words.failed, { n: failed.n, title: words.steps[failed.name].title }) : words.allPassed;
    const body = failed ? this.said(failed) : sentence(words.allPassedMeans, { passed: count("passed"), notChecked: count("not checked") });
    const verdict = el("section", { class: `verdict ${failed ? "failed" : "passed"}`, id: "verdict", tabindex: "-1", "data-failed": failed ? failed.name : "", "aria-label": words.result });
    verdict.append(el("p", { class: "soft" }, bdi(shown(this.bundleName))), el("h2", {}, head), el("p", {}, body));
    if (failed) verdict.append(el("p", {}, words.failedMeans));
    verdict.append(el("p", {}, words.notProof), print);
    return verdict;
  }

  private items(): HTMLElement {
    const { words } = this;
    const section = el("section", {}, el("h2", {}, words.items));
    for (const item of this.report.items) {
      if (!item.record) continue;
      const { record } = item;
      const facts: [string, HTMLElement | string][] = [
        [words.fieldName, bdi(shown(record.name))],
        [words.fieldOrigin, bdi(shown(record.origin))],
        [words.fieldSize, sentence(words.bytes, { n: new Intl.NumberFormat(this.locale).format(record.size_bytes) })],
        [words.fieldType, bdi(shown(record.media_type))],
        [words.fieldCaptured, bdi(shown(record.captured_at))],
        ["SHA-256", bdi(record.sha256)],
        ["BLAKE3", bdi(record.blake3)],
        [words.fieldWindow, this.window(item)],
      ];
      const list = el("dl", { class: "facts" });
      for (const [name, value] of facts) list.append(el("dt", {}, name), el("dd", {}, value));
      section.append(el("h3", {}, sentence(words.item, { n: item.entry.n })), list);
    }
    return section;
  }

  private window({ after, before }: ItemSeen): HTMLElement {
    const { words } = this;
    const places = { after: after ? this.moment(after) : "", before: before ? this.moment(before) : "" };
    const text = after && before ? words.windowBoth : after ? words.windowAfter : before ? words.windowBefore : words.windowNone;
    const said = el("div", { class: "window" }, sentence(text, places));
    if (after || before) said.append(el("p", { class: "soft" }, words.windowMeans));
    return said;
  }

  private keys(): HTMLElement {
    const { words, report } = this;
    const list = el("ul", { class: "keys" });
    const add = (name: string, ...values: string[]): void => list.append(el("li", {}, `${name}: `, ...values.map((value) => bdi(shown(value))).flatMap((each) => [each, " "])));
    for (const policy of report.policies) for (const log of policy.logs) add(words.logKey, labelOf(log), toHex(sha256(log.publicKey)));
    for (const policy of report.policies) for (const { key } of policy.witnesses) add(words.cosignerKey, labelOf(key), toHex(sha256(key.publicKey)));
    const roots = new Map(report.roots.map((root) => [toHex(sha256(root.raw)), root.name]));
    for (const [digest, name] of roots) add(words.authorityRoot, name, digest);
    const given = report.given.policy && report.given.authorities;
    return el("section", {}, el("h2", {}, words.compare), el("p", {}, given ? words.compareGiven : words.compareMeans), list);
  }

  private steps(): HTMLElement {
    const { words } = this;
    const list = el("ol", { class: "steps" });
    STEPS.forEach((name, at) => {
      const results = this.report.steps.filter((step) => step.name === name);
      const outcomes = el("ul", { class: "outcomes" });
      for (const step of results) outcomes.append(this.outcome(step));
      const text = words.steps[name];
      const body = el("div", {}, el("h3", {}, text.title), outcomes);
      body.append(el("p", {}, el("strong", {}, words.means), ` ${text.means}`), el("p", {}, el("strong", {}, words.not), ` ${text.not}`));
      list.append(el("li", { "data-step": name }, el("span", { class: "number", "aria-label": sentence(words.step, { n: at + 1 }).textContent }, `${at + 1}`), body));
    });
    return el("section", {}, el("h2", {}, words.stepsTitle), list);
  }

  private outcome(step: StepResult): HTMLElement {
    const tag = el("span", { class: `tag ${CLASSES[step.result]}` }, el("span", { "aria-hidden": "true" }, `${SIGNS[step.result]} `), this.words.outcomes[step.result]);
    return el("li", { "data-result": step.result, "data-about": Object.values(step.about).slice(1).join(" "), "data-reason": step.reason }, tag, " · ", this.about(step.about), ": ", this.said(step));
  }

  private about(about: About): HTMLElement | string {
    const { words } = this;
    if (about.kind === "item") return sentence(words.item, { n: about.n });
    if (about.kind === "checkpoint") return sentence(words.checkpoint, { size: `${about.size}` });
    if (about.kind === "bundle") return words.whole;
    return el("span", {}, sentence(words.checkpoint, { size: `${about.size}` }), ", ", sentence(words.authority, { name: shown(about.name) }));
  }

  private said(step: StepResult): HTMLElement {
    const places: Record<string, string | number> = {};
    for (const [name, value] of Object.entries(step.details)) {
      const noun = name === "what" ? this.words.what[value as keyof Words["what"]] : undefined;
      places[name] = noun ?? (typeof value === "string" && MOMENT.test(value) ? this.moment(new Date(value)) : shown(`${value}`));
    }
    return sentence(this.words.reasons[step.reason], places);
  }

  private moment(at: Date): string {
    const text = new Intl.DateTimeFormat(this.locale, { dateStyle: "long", timeStyle: "medium", timeZone: "UTC" }).format(at);
    return `${text} UTC`;
  }
}
