export { channelGroups, type ChannelGroup, type ChannelGroups, type ChannelSlice } from './channel-groups.js';
export {
  chooseChannels,
  COST_KINDS,
  costOf,
  type ChannelSpread,
  type ChooseOptions,
  type CostKind,
  type CostTarget,
} from './choose-channels.js';
export { groupScores } from './score-groups.js';
export {
  maskChannels,
  narrowGraph,
  removeChannels,
  type GraphWithState,
  type SmallerNetwork,
} from './remove-channels.js';
