import { render } from 'preact';
import { BenchPage } from '../bench/bench-page.js';

const place = document.getElementById('root');
if (place) render(<BenchPage />, place);
