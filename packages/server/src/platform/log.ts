/** Facts of a log line, for programs that read it. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null>>;

/** The coordinator's log. */
export interface Log {
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
}
