import { render } from 'preact';
import { JoinPage } from '../join/join-page.js';
import { open } from '../join/model.js';

const place = document.getElementById('root');
if (place) {
  render(<JoinPage />, place);
  void open();
}
