import { render } from 'preact';
import { follow } from '../watch/model.js';
import { WatchPage } from '../watch/watch-page.js';

const place = document.getElementById('root');
if (place) {
  render(<WatchPage />, place);
  void follow();
}
