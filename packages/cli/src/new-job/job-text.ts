import type { DataSurvey } from './survey.js';

/** Choices of the job's author. */
export interface JobChoices {
  readonly name: string;
  readonly data: string | null;
  readonly model: string;
  readonly density: number;
  readonly clients: number;
  readonly rounds: number;
}

/** Training images that one client gets of a set, once the test set and the coordinator's own are taken. */
export function samplesPerClient(survey: DataSurvey, clients: number): number {
  const train = survey.train * (1 - testFractionOf(survey));
  return Math.max(1, Math.floor((train - heldOut(survey) * survey.classes) / clients));
}

/** A job file with comments that runs as it is. */
export function jobText(choices: JobChoices, survey: DataSurvey): string {
  const { name, data, model, density, clients, rounds } = choices;
  const held = heldOut(survey);
  const each = samplesPerClient(survey, clients);
  const dense = density === 1;
  const interval = Math.max(1, Math.round(rounds / 10));
  const dataFlag = data === null ? '' : ` --data ${quoted(data)}`;
  return `# ${survey.train} training and ${survey.test} test images of ${survey.classes} classes. Written by \`espalier new\`; every key is explained in docs/reference/job.md.
#   all on this machine:   espalier demo --job job.yaml${dataFlag}
#   over real devices:     espalier serve --job job.yaml${dataFlag} --host 0.0.0.0
#                          espalier join http://<this machine>:7464 --token <token> --data <folder>
name: ${name}

# Every random number follows from it: the same seed gives the same run.
seed: 1

# fedtiny prunes while it trains; fedavg trains every weight (targetDensity 1).
method: ${dense ? 'fedavg' : 'fedtiny'}

# The network, by its name in the zoo; a width makes it smaller or larger: { name: resnet18, width: 16 }.
model: ${model}

# Where the images come from, and how many: samplesPerClass: 100 takes the first hundred of each class.
data: ${dataLine(survey)}

# The network's input. Images are resized to it.
imageSize: ${survey.imageSize}
channels: ${survey.channels} # 1 grey, 3 colour

# Who gets what. iid deals evenly; dirichlet unevenly, the more so the smaller alpha; see also shards, byFolder, file.
partition: ${partitionLine(each)}
numClients: ${clients} # about ${each} training images each

# A round: every client trains on its own images, then the coordinator averages what they learned.
rounds: ${rounds}
localEpochs: 1
batchSize: ${Math.max(1, Math.min(32, each))}
learningRate: { kind: cosine, initial: 0.05, final: 0.005 }

# Share of the weights that stays.
targetDensity: ${density}
${
  dense
    ? ''
    : `
# Every few rounds weights are exchanged for better ones, until stopRound.
pruning: { interval: ${interval}, stopRound: ${Math.max(interval, Math.floor(rounds * 0.6))} }
`
}
# Images of each class that the coordinator keeps, to train the network a little before the first round.
pretrain: { samplesPerClass: ${held}, epochs: ${held === 0 ? 0 : 3} }
`;
}

function dataLine(survey: DataSurvey): string {
  if (survey.kind === 'procedural') {
    return `{ kind: procedural, numClasses: ${survey.classes}, samplesPerClass: ${survey.rarest}, testSamplesPerClass: ${survey.test / survey.classes} }`;
  }
  const fraction = testFractionOf(survey);
  return fraction === 0 ? `{ kind: ${survey.kind} }` : `{ kind: ${survey.kind}, testFraction: ${fraction} }`;
}

/** A tenth for testing, or a fifth of few images. */
function testFractionOf({ test, train }: DataSurvey): number {
  if (test > 0) return 0;
  return train < 1000 ? 0.2 : 0.1;
}

/** A fifth of the rarest class at most, and five images as published. */
function heldOut(survey: DataSurvey): number {
  return Math.min(5, Math.floor((survey.rarest * (1 - testFractionOf(survey))) / 5));
}

/** Uneven shares of few images would leave a client with next to none. */
function partitionLine(each: number): string {
  if (each < 50) return '{ kind: iid }';
  return '{ kind: dirichlet, alpha: 0.5, minSamples: 10 }';
}

function quoted(path: string): string {
  return /^[\w./\\:-]+$/.test(path) ? path : `'${path.replace(/'/g, `'\\''`)}'`;
}
