/** A job that runs in seconds on the slowest backend and goes through every step. */
export const TINY_JOB = `
name: tiny
seed: 5
method: fedtiny
model: { name: cnn-small, width: 4 }
data: { kind: procedural, numClasses: 3, samplesPerClass: 20, testSamplesPerClass: 6 }
imageSize: 8
partition: { kind: dirichlet, alpha: 1, minSamples: 4 }
numClients: 3
rounds: 5
localEpochs: 1
batchSize: 8
learningRate: 0.05
targetDensity: 0.2
pool: { size: 4 }
pruning: { interval: 2, stopRound: 5 }
pretrain: { epochs: 1, samplesPerClass: 2 }
roundTimeout: 60
`;
