import { PROTOCOL_VERSION } from '@espalier/core/protocol';
import type { Invitation } from '@espalier/core/report';

/** The job, or why there is none. */
export type FoundInvitation =
  { readonly invitation: Invitation } | { readonly problem: string; readonly over: boolean };

/** Asks the coordinator what its job is. */
export async function openInvitation(): Promise<FoundInvitation> {
  const response = await fetch('/api/job').catch(() => null);
  if (response === null) {
    return {
      problem: 'The coordinator does not answer. Ask whoever runs it whether it is up, then reload.',
      over: false,
    };
  }
  if (response.status === 404) {
    return {
      problem: 'This address shows a finished run: there is nothing left to take part in.',
      over: true,
    };
  }
  if (!response.ok) return { problem: 'The coordinator is still starting. Reload in a moment.', over: false };
  const invitation = (await response.json()) as Invitation;
  if (invitation.protocolVersion !== PROTOCOL_VERSION) {
    const problem = `The coordinator speaks protocol ${invitation.protocolVersion}, this page ${PROTOCOL_VERSION}. Reload without the cache (Ctrl-Shift-R); if that does not help, ask whoever runs it to start it anew.`;
    return { problem, over: false };
  }
  return { invitation };
}

/** The join token of the link, taken out of the address so that it does not stay in the history. */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) history.replaceState(null, '', location.pathname + location.search);
  return given;
}
