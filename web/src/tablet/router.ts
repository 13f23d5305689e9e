import { createRouter, createWebHistory } from 'vue-router';
import HouseholdList from './households/HouseholdList.vue';
import TodayScreen from './today/TodayScreen.vue';

export const router = createRouter({
  history: createWebHistory('/tablet/'),
  routes: [
    { path: '/', component: TodayScreen },
    { path: '/households', component: HouseholdList },
    { path: '/outline', component: () => import('./households/OutlineScreen.vue') },
    { path: '/households/:id', component: () => import('./households/DossierScreen.vue'), props: true },
    { path: '/visits/:id', component: () => import('./visit/VisitScreen.vue'), props: true },
    { path: '/households/:id/notice', component: () => import('./signing/SignScreen.vue'), props: true },
    { path: '/households/:id/notices/:notice', component: () => import('./signing/NoticeScreen.vue'), props: true },
    { path: '/households/:id/visits/:visit', component: () => import('./visit/ReadScreen.vue'), props: true },
    { path: '/tasks', component: () => import('./tasks/TasksScreen.vue') },
    { path: '/sync', component: () => import('./sync/SyncScreen.vue') },
    { path: '/conflicts', component: () => import('./conflicts/ConflictsScreen.vue') },
    { path: '/conflicts/:id', component: () => import('./conflicts/ConflictScreen.vue'), props: true },
    { path: '/me', component: () => import('./me/MeScreen.vue') },
    { path: '/:other(.*)*', redirect: '/' },
  ],
});
