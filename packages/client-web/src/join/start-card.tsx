import type { JSX } from 'preact';
import { clientName, invitation, notReady, start, token } from './model.js';

/** Name, token and the button. */
export function StartCard(): JSX.Element {
  const missing = notReady.value;
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <h2>3. Take part</h2>
      <div class="fields">
        <label class="field">
          Your name in the list of clients
          <input
            value={clientName.value}
            maxLength={60}
            autocomplete="off"
            onInput={({ currentTarget }) => {
              clientName.value = currentTarget.value;
            }}
          />
        </label>
        {invitation.value?.needsToken === true && (
          <label class="field">
            Join token
            <input
              value={token.value}
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => {
                token.value = currentTarget.value;
              }}
            />
          </label>
        )}
      </div>
      <div class="buttons">
        <button type="submit" class="primary" disabled={missing !== null}>
          Start
        </button>
        {missing !== null && <p class="note">{missing}</p>}
      </div>
    </form>
  );
}
