import type { NewFlags } from '../new-job/new-flags.js';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { openModel } from '@espalier/client-node';
import { EspalierError } from '@espalier/core';
import { parseJob } from '@espalier/server';
import { estimateJob, estimateText, roundBytes } from '../new-job/estimate.js';
import { jobText, samplesPerClient } from '../new-job/job-text.js';
import { surveyData, type DataSurvey } from '../new-job/survey.js';
import { bytes, type Terminal } from '../terminal.js';
import { makeFolder, writeWhole } from '@espalier/disk';

const USUAL = { model: 'cnn-small', density: 0.1, clients: 4, rounds: 30 };

/** Most rounds that a generous budget is turned into. */
const MOST_ROUNDS = 300;

/** Writes a job file that runs as it is, and says what it will cost. */
export async function newJob(folder: string, flags: NewFlags, terminal: Terminal): Promise<void> {
  const file = join(folder, 'job.yaml');
  await checkFree(file, flags);
  const asking = flags.yes !== true && terminal.interactive && process.stdin.isTTY && flags.format === 'text';
  const {
    data = null,
    model = USUAL.model,
    density = USUAL.density,
    clients,
    budget,
  } = asking ? await asked(flags) : flags;
  const survey = await surveyData(data);
  const choices = {
    name: nameOf(folder),
    data,
    model,
    density,
    clients: clientsFor(survey, clients),
    rounds: USUAL.rounds,
  };
  // Parsed first with the usual rounds, so that a wrong name or density is said before anything is worked out.
  const { graph } = await openModel(parseJob(jobText(choices, survey)), survey.classes);
  const perRound = roundBytes(graph, density);
  const text = jobText({ ...choices, rounds: roundsWithin(budget, perRound) }, survey);
  const job = parseJob(text);
  const estimate = await estimateJob(job, graph, samplesPerClient(survey, choices.clients));
  await makeFolder(folder);
  await writeWhole(file, text);
  if (flags.format === 'json') terminal.out(JSON.stringify({ file, survey, rounds: job.rounds, estimate }));
  else terminal.out([`wrote ${file}`, estimateText(estimate), `Run it: ${runLine(file, data)}`].join('\n'));
}

/** The prompts are loaded only where somebody is there to answer them. */
async function asked(flags: NewFlags): Promise<NewFlags> {
  const { askForRest } = await import('../new-job/ask.js');
  return askForRest(flags);
}

async function checkFree(file: string, { force = false }: NewFlags): Promise<void> {
  const there = await stat(file).catch(() => null);
  if (there === null || force) return;
  throw new EspalierError(
    'invalid_argument',
    `${file} is there already; give --force to overwrite it, or another folder`,
    {
      path: file,
    },
  );
}

/** A run's name has letters, digits, `_`, `-` and `.` only. */
function nameOf(folder: string): string {
  const name = basename(resolve(folder))
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64);
  return name === '' ? 'job' : name;
}

/** As many as asked; else few enough that each has ten images. */
function clientsFor(survey: DataSurvey, asked: number | undefined): number {
  if (asked !== undefined) return asked;
  return Math.max(1, Math.min(USUAL.clients, Math.floor(samplesPerClient(survey, 1) / 10)));
}

function roundsWithin(budget: number | undefined, perRound: number): number {
  if (budget === undefined) return USUAL.rounds;
  const rounds = Math.min(MOST_ROUNDS, Math.floor(budget / perRound));
  if (rounds >= 1) return rounds;
  throw new EspalierError(
    'invalid_argument',
    `a budget of ${bytes(budget)} does not pay for one round of ${bytes(perRound)}; raise it, lower the density, or take a smaller network`,
    { budget, perRound },
  );
}

function runLine(file: string, data: string | null): string {
  return `espalier demo --job ${file}${data === null ? '' : ` --data ${data}`}`;
}
