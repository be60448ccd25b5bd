export { channelGroups, type ChannelGroup, type ChannelGroups, type ChannelSlice } from './channel-groups.js';
export { maskChannels, removeChannels, type GraphWithState, type SmallerNetwork } from './remove-channels.js';
