export {
  clientNeeds,
  methodNamed,
  methodNames,
  methods,
  selectsOnClients,
  type ClientNeed,
  type InitialMask,
  type Method,
} from './method.js';
