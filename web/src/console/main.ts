import { createApp } from 'vue';
import { Problem } from '../api/problem';
import '../ui/base.css';
import './console.css';
import App from './App.vue';
import { router } from './router';
import { say } from './ui/toast';
import { why } from './ui/why';

/** Whatever nobody caught is told, and kept for who looks into it. */
function tell(cause: unknown): void {
  if (!(cause instanceof Problem)) console.error(cause);
  say({ words: why(cause), isError: true });
}

addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  tell(event.reason);
});
const app = createApp(App).use(router);
app.config.errorHandler = tell;
router.onError(tell);
app.mount('#app');
