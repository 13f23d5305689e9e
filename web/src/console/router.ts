import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import { keepPlaces } from './ui/back';
import { isAdmin, isAuditor, isReviewer, mayEnter } from './session';

/** Who a screen is for: what others would see there, the server refuses anyway. */
type For = 'reviewer' | 'admin' | 'auditor' | 'reader';

const screen = (path: string, who: For, component: RouteRecordRaw['component'], props = false): RouteRecordRaw =>
  ({ path, component, props, meta: { who } }) as RouteRecordRaw;

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    // What is one's first screen is known once one is signed in.
    { path: '/', component: { render: () => null } },
    screen('/overview', 'reader', () => import('./overview/OverviewScreen.vue')),
    screen('/findings', 'reviewer', () => import('./findings/FindingsScreen.vue')),
    screen('/triage', 'reviewer', () => import('./triage/TriageScreen.vue')),
    screen('/visits', 'reader', () => import('./visits/VisitsScreen.vue')),
    screen('/visits/:id', 'reader', () => import('./visits/VisitScreen.vue'), true),
    screen('/households', 'reader', () => import('./households/HouseholdsScreen.vue')),
    screen('/households/:id', 'reader', () => import('./households/HouseholdScreen.vue'), true),
    screen('/tasks', 'reader', () => import('./tasks/TasksScreen.vue')),
    screen('/deliveries', 'reader', () => import('./deliveries/DeliveriesScreen.vue')),
    screen('/notices/:id', 'reviewer', () => import('./notices/NoticeScreen.vue'), true),
    screen('/conflicts', 'reader', () => import('./conflicts/ConflictsScreen.vue')),
    screen('/held', 'reviewer', () => import('./held/HeldScreen.vue')),
    screen('/samples', 'reader', () => import('./samples/SamplesScreen.vue')),
    screen('/samples/:id', 'reviewer', () => import('./samples/SampleScreen.vue'), true),
    screen('/rosters', 'reviewer', () => import('./rosters/RostersScreen.vue')),
    screen('/rosters/:id', 'reviewer', () => import('./rosters/RosterScreen.vue'), true),
    screen('/ledgers', 'reader', () => import('./ledgers/LedgersScreen.vue')),
    screen('/exports', 'reader', () => import('./exports/ExportsScreen.vue')),
    screen('/forms', 'reader', () => import('./forms/FormsScreen.vue')),
    screen('/forms/:id', 'reader', () => import('./forms/FormScreen.vue'), true),
    screen('/rules/:name', 'reader', () => import('./rules/RuleSetScreen.vue'), true),
    screen('/templates', 'reader', () => import('./templates/TemplatesScreen.vue')),
    screen('/templates/:name', 'reader', () => import('./templates/TemplateScreen.vue'), true),
    screen('/library', 'reader', () => import('./library/LibraryScreen.vue')),
    screen('/people', 'admin', () => import('./people/PeopleScreen.vue')),
    screen('/areas', 'admin', () => import('./areas/AreasScreen.vue')),
    screen('/imports', 'admin', () => import('./imports/ImportScreen.vue')),
    screen('/devices', 'admin', () => import('./devices/DevicesScreen.vue')),
    screen('/devices/:id', 'admin', () => import('./devices/DeviceScreen.vue'), true),
    screen('/privacy', 'reader', () => import('./privacy/PrivacyScreen.vue')),
    screen('/audit', 'auditor', () => import('./audit/AuditScreen.vue')),
    screen('/policy', 'admin', () => import('./triage/PolicyScreen.vue')),
    screen('/jobs', 'admin', () => import('./jobs/JobsScreen.vue')),
    screen('/help', 'reader', () => import('./help/HelpScreen.vue')),
    screen('/account', 'reader', () => import('./account/AccountScreen.vue')),
    { path: '/:other(.*)*', redirect: '/' },
  ],
});

keepPlaces(router);
router.beforeEach((to) => {
  if (to.path === '/' && mayEnter.value) return isReviewer.value ? '/triage' : '/visits';
  const who = to.meta['who'] as For | undefined;
  const may = { reviewer: isReviewer, admin: isAdmin, auditor: isAuditor, reader: mayEnter };
  return !who || may[who].value || !mayEnter.value ? true : '/';
});
