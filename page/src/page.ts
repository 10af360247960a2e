// The page: takes a bundle from the reader, shows what the steps found. Whatever comes out of a bundle goes into the page
// as text, never as markup; the content policy would refuse anything else.

import { checkBundle } from "./check.js";
import { filesOfFolder, piecesOf } from "./source.js";
import { Stopped, digestsOf } from "./hashing.js";
import { bdi, choice, clear, el, sentence } from "./dom.js";
import { Result } from "./result.js";
import type { Given, Report } from "./steps.js";
import { LANGUAGES, type Language, WORDS, type Words } from "./words/words.js";
import { openZip } from "./zip.js";

const REDRAW_MS = 200;

class Page {
  private language: Language = preferred();
  private chosen = false;
  private report: Report | null = null;
  private bundleName = "";
  private loose: { name: string; n: number | null } | null = null;
  private given: { policy: File | null; authorities: File | null } = { policy: null, authorities: null };
  private running: AbortController | null = null;
  private problem: string | null = null;
  private readonly status = el("p", { role: "status", "aria-live": "polite" });
  private readonly bar = el("progress");

  start(): void {
    for (const kind of ["dragover", "dragenter", "dragleave", "drop"] as const) document.addEventListener(kind, (event) => this.dragged(event));
    this.draw();
  }

  private get words(): Words {
    return WORDS[this.language];
  }

  private dragged(event: DragEvent): void {
    event.preventDefault();
    document.querySelector(".drop")?.classList.toggle("over", event.type === "dragover" || event.type === "dragenter");
    const file = event.type === "drop" ? event.dataTransfer?.files[0] : undefined;
    if (!file) return;
    // With a bundle on the page, another file that is no zip is one to compare.
    if (this.report && !/\.zip$/i.test(file.name)) void this.compare(file);
    else void this.take([file], false);
  }

  private async take(files: readonly File[], folder: boolean): Promise<void> {
    const [first] = files;
    if (!first) return;
    this.running?.abort();
    const running = new AbortController();
    [this.running, this.report, this.loose, this.problem] = [running, null, null, null];
    this.bundleName = folder ? first.webkitRelativePath.split("/")[0]! : first.name;
    this.draw();
    const progress = this.progress();
    try {
      const bytes = async (file: File | null): Promise<Uint8Array<ArrayBuffer> | null> => file && new Uint8Array(await file.arrayBuffer());
      const given: Given = { policy: await bytes(this.given.policy), authorities: await bytes(this.given.authorities) };
      const source = folder ? { folder: filesOfFolder(files) } : { zip: () => openZip(first) };
      const report = await checkBundle(source, given, progress, running.signal);
      if (running.signal.aborted) return;
      this.report = report;
      const own = report.description?.language;
      if (!this.chosen && own) this.language = own as Language;
    } catch (error) {
      if (this.running !== running) return;
      this.problem = error instanceof Stopped ? this.words.stopped : sentence(this.words.broken, { detail: `${error}` }).textContent;
    }
    this.running = null;
    this.draw();
    document.querySelector<HTMLElement>("#verdict")?.focus();
  }

  /** Counts bytes up to a total, which comes as a negative number. */
  private progress(): (bytes: number) => void {
    let [total, done, drawn] = [0, 0, 0];
    this.bar.removeAttribute("value");
    return (bytes) => {
      if (bytes < 0) total = -bytes;
      else done += bytes;
      if (performance.now() - drawn < REDRAW_MS && done < total) return;
      drawn = performance.now();
      this.bar.max = total || 1;
      this.bar.value = done;
      clear(this.status, sentence(this.words.working, { done: this.bytes(done), total: this.bytes(total) }));
    };
  }

  private bytes(count: number): string {
    return new Intl.NumberFormat(locale(this.language), { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(count / 1e6);
  }

  private async compare(file: File): Promise<void> {
    const running = new AbortController();
    this.running = running;
    this.draw();
    const progress = this.progress();
    progress(-file.size);
    try {
      const found = await digestsOf({ path: file.name, sizeBytes: file.size, pieces: () => piecesOf(file) }, progress, running.signal);
      const same = this.report?.items.find(({ record }) => record?.sha256 === found.sha256 && record.blake3 === found.blake3);
      this.loose = { name: file.name, n: same?.entry.n ?? null };
    } catch (error) {
      this.problem = error instanceof Stopped ? this.words.stopped : `${error}`;
    }
    this.running = null;
    this.draw();
    document.querySelector<HTMLElement>("#loose")?.focus();
  }

  private draw(): void {
    const words = this.words;
    document.documentElement.lang = this.language;
    document.documentElement.dir = words.direction;
    document.title = words.title;
    clear(document.body, this.top(), el("main", {}, this.intro(), this.own(), this.drop(), this.outcome()));
  }

  private top(): HTMLElement {
    const select = el("select", { id: "language" });
    for (const language of LANGUAGES) {
      const option = el("option", { value: language, lang: language, dir: WORDS[language].direction }, WORDS[language].name);
      option.selected = language === this.language;
      select.append(option);
    }
    select.addEventListener("change", () => {
      [this.language, this.chosen] = [select.value as Language, true];
      this.draw();
      document.querySelector<HTMLElement>("#language")?.focus();
    });
    return el("header", { class: "top" }, el("span", { class: "mark", lang: "en", dir: "ltr" }, "Standfast"), el("span", {}, el("label", { for: "language" }, this.words.language), " ", select));
  }

  private intro(): HTMLElement {
    return el("div", {}, el("h1", {}, this.words.title), el("p", {}, this.words.lead), el("p", { class: "soft" }, this.words.source));
  }

  private drop(): HTMLElement {
    const words = this.words;
    if (this.running) {
      const stop = el("button", { type: "button", id: "stop" }, words.stop);
      stop.addEventListener("click", () => this.running?.abort());
      this.bar.setAttribute("aria-label", words.result);
      return el("div", { class: "drop" }, el("p", {}, bdi(this.bundleName)), this.bar, this.status, stop);
    }
    const bundle = choice("bundle", words.choose, { accept: ".zip,application/zip" }, (files) => void this.take(files, false));
    bundle.classList.add("main");
    const folder = choice("folder", words.chooseFolder, { webkitdirectory: "" }, (files) => void this.take(files, true));
    return el("div", { class: "drop" }, el("p", {}, words.drop), el("div", { class: "choices" }, bundle, folder));
  }

  private own(): HTMLElement {
    const words = this.words;
    const field = (id: "policy" | "authorities", text: string): HTMLElement => {
      const input = el("input", { type: "file", id });
      input.addEventListener("change", () => (this.given[id] = input.files?.[0] ?? null));
      const named = this.given[id]?.name;
      return el("label", { class: "own" }, text, input, named ? el("span", {}, bdi(named)) : "");
    };
    const details = el("details", { class: "own-keys" }, el("summary", {}, words.own), el("p", {}, words.ownMeans), field("policy", words.ownPolicy), field("authorities", words.ownAuthorities));
    details.open = this.given.policy !== null || this.given.authorities !== null;
    return details;
  }

  private outcome(): HTMLElement {
    const outcome = el("div", { id: "outcome" });
    if (this.problem) outcome.append(el("div", { class: "verdict open", id: "verdict", role: "alert", tabindex: "-1" }, el("p", {}, this.problem)));
    if (!this.report) return outcome;
    outcome.append(...new Result(this.report, this.words, locale(this.language), this.bundleName).draw());
    if (this.report.items.length && !this.running) outcome.append(this.looseFile());
    return outcome;
  }

  private looseFile(): HTMLElement {
    const words = this.words;
    const said = el("p", { id: "loose", role: "status", tabindex: "-1" });
    if (this.loose) {
      const { name, n } = this.loose;
      clear(said, n === null ? sentence(words.looseOther, { name }) : sentence(words.looseSame, { name, n }));
      said.className = n === null ? "failed" : "passed";
    }
    const input = choice("loose-file", words.looseChoose, {}, (files) => void (files[0] && this.compare(files[0])));
    return el("section", { class: "loose" }, el("h2", {}, words.loose), el("p", {}, words.looseMeans), input, said);
  }
}

function preferred(): Language {
  const wanted = navigator.languages.map((each) => each.slice(0, 2).toLowerCase());
  return (wanted.find((each) => LANGUAGES.includes(each as Language)) as Language | undefined) ?? "en";
}

/** 24 hours in English, Latin digits in Arabic: digests and sizes are compared with what other programs print. */
function locale(language: Language): string {
  return { en: "en-GB", ar: "ar-u-nu-latn", fr: "fr", es: "es" }[language];
}

new Page().start();
