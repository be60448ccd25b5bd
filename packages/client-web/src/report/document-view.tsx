import type { JSX } from 'preact';
import type { ReportBlock, ReportDocument, ReportSection } from '@espalier/core/report';
import { Chart } from '../ui/chart.js';
import { Figures } from '../ui/figures.js';
import { Masthead } from '../ui/masthead.js';
import { Table } from '../ui/table.js';

/** A report document, drawn: what `compare` and `compress` write. */
export function DocumentView({ title, lead, sections }: ReportDocument): JSX.Element {
  return (
    <main class="page">
      <Masthead here={null} />
      <header>
        <h1>{title}</h1>
        <p class="lead">{lead}</p>
      </header>
      {sections.map((section) => (
        <Section key={section.heading} {...section} />
      ))}
    </main>
  );
}

function Section({ heading, blocks }: ReportSection): JSX.Element {
  return (
    <section class="card">
      <h2>{heading}</h2>
      {blocks.map((block, at) => (
        <Block key={at} block={block} />
      ))}
    </section>
  );
}

function Block({ block }: { readonly block: ReportBlock }): JSX.Element {
  switch (block.kind) {
    case 'text':
      return (
        <>
          {block.text.split(/\n{2,}/).map((paragraph, at) => (
            <p key={at} class="prose">
              {paragraph}
            </p>
          ))}
        </>
      );
    case 'code':
      return <pre tabIndex={0}>{block.text}</pre>;
    case 'figures':
      return <Figures items={block.figures} />;
    case 'table':
      return (
        <Table
          caption={block.caption}
          columns={block.columns}
          rows={block.rows.map((row) => row.map((cell) => cell ?? '–'))}
        />
      );
    case 'chart':
      return (
        <Chart
          caption={block.caption}
          option={block.option}
          {...(block.height === undefined ? {} : { height: block.height })}
        />
      );
  }
}
