// The texts of the page. Steps and outcomes are the very ones that `check` uses; the rest stands beside this file.
// TypeScript requires that every language has every text.

import stepsAr from "../../../src/standfast/verify/words/ar.json";
import stepsEn from "../../../src/standfast/verify/words/en.json";
import stepsEs from "../../../src/standfast/verify/words/es.json";
import stepsFr from "../../../src/standfast/verify/words/fr.json";
import ar from "./ar.json";
import en from "./en.json";
import es from "./es.json";
import fr from "./fr.json";

export type Language = "en" | "ar" | "fr" | "es";
export type ReasonKey = keyof typeof en.reasons;
export type StepName = keyof typeof stepsEn.steps;
export type Outcome = "passed" | "failed" | "not checked";
export type Words = Omit<typeof en, "steps"> & { readonly stepsTitle: string } & typeof stepsEn;

export const LANGUAGES: readonly Language[] = ["en", "ar", "fr", "es"];
/** A text that one language lacks does not compile. */
const OURS: Readonly<Record<Language, typeof en>> = { en, ar, fr, es };
const OF_STEPS: Readonly<Record<Language, typeof stepsEn>> = { en: stepsEn, ar: stepsAr, fr: stepsFr, es: stepsEs };

export const WORDS = Object.fromEntries(
  LANGUAGES.map((language) => [language, { ...OURS[language], ...OF_STEPS[language], stepsTitle: OURS[language].steps }]),
) as Readonly<Record<Language, Words>>;
