export { adjustmentRoundsOf } from './adjustment-rounds.js';

export {
  clientNeeds,
  selectsOnClients,
  trainsDensely,
  type ClientNeed,
  type InitialMask,
  type Method,
} from './method.js';
export { narrowModel } from './narrow-model.js';
export { methodNamed, methodNames, methods } from './registry.js';
