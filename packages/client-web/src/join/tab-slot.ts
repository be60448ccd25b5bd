/** Milliseconds in which another tab would have answered. */
const ANSWER_WITHIN = 300;

/** The slot that a browser's only tab has. */
const FIRST = 'first';

type Word =
  { readonly kind: 'who'; readonly slot: string } | { readonly kind: 'here'; readonly slot: string };

/** A tab's place among the tabs of this browser: a second one is a second client only if asked. */
export class TabSlot {
  readonly #channel = new BroadcastChannel('espalier');
  #slot: string;
  #held = false;

  constructor() {
    // Survives a reload of this tab, and no other tab has it.
    this.#slot = sessionStorage.getItem('espalier-slot') ?? FIRST;
    this.#channel.addEventListener('message', ({ data }: MessageEvent<Word>) => {
      if (data.kind === 'who' && this.#held && data.slot === this.#slot)
        this.#say({ kind: 'here', slot: this.#slot });
    });
  }

  get slot(): string {
    return this.#slot;
  }

  /** True once this tab has the slot; false where another tab has it. */
  take(): Promise<boolean> {
    return new Promise((resolve) => {
      const decide = (free: boolean): void => {
        clearTimeout(timer);
        this.#channel.removeEventListener('message', hear);
        this.#held = free;
        resolve(free);
      };
      const hear = ({ data }: MessageEvent<Word>): void => {
        if (data.kind === 'here' && data.slot === this.#slot) decide(false);
      };
      const timer = setTimeout(() => {
        decide(true);
      }, ANSWER_WITHIN);
      this.#channel.addEventListener('message', hear);
      this.#say({ kind: 'who', slot: this.#slot });
    });
  }

  /** A slot of this tab's own, for a second client. */
  takeAnother(): void {
    this.#slot = `tab-${Date.now().toString(36)}-${performance.now().toString(36).replace('.', '')}`;
    sessionStorage.setItem('espalier-slot', this.#slot);
    this.#held = true;
  }

  #say(word: Word): void {
    this.#channel.postMessage(word);
  }
}
