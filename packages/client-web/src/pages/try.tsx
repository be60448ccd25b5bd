import { render } from 'preact';
import { TryPage } from '../try/try-page.js';

const place = document.getElementById('root');
if (place) render(<TryPage />, place);
