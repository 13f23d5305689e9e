import { createApp } from 'vue';
import '../ui/base.css';
import './tablet.css';
import App from './App.vue';
import { router } from './router';
import { offerUpdates } from './update';

createApp(App).use(router).mount('#app');
offerUpdates();
