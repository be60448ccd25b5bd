const KEPT = 'espalier-admin';

/**
 * The admin token: of the link, which is then taken out of the address, or of this tab's earlier visit. It is kept for
 * this tab only, and sent to nobody but the coordinator.
 */
export function adminToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get('admin');
  if (given !== null) {
    keepAdminToken(given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(KEPT) ?? '';
}

/** Remembers it for this tab. */
export function keepAdminToken(token: string): void {
  sessionStorage.setItem(KEPT, token);
}

/** Asks the coordinator with the admin token. */
export function askAdmin(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(path, { ...init, headers: { authorization: `Bearer ${adminToken()}` } });
}
