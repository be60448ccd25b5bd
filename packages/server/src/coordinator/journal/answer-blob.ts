/** The blob behind a payload's name. */
export function blobOf(payload: string): string {
  return payload.slice(0, payload.indexOf('@'));
}
