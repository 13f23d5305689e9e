// Made by `npm run types` from the API's description; not edited by hand.

export interface paths {
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys of access tokens, as a JSON Web Key Set. */
        get: operations["get /.well-known/jwks.json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/ruhu-notice-keys.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The keys that countersign notifications or did, and the tablets whose signatures count for
         *     nothing from a time on: all that is needed to verify a receipt offline.
         */
        get: operations["get /.well-known/ruhu-notice-keys.json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/ruhu-notice-log.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was signed of the whole log last, to be kept elsewhere: it shows nothing but how long the
         *     log is.
         */
        get: operations["get /.well-known/ruhu-notice-log.json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/ruhu-notice-log/consistency": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What proves that nothing in the log was changed or taken away since it had another size. */
        get: operations["get /.well-known/ruhu-notice-log/consistency"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accesses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who looked at what is masked otherwise, and why; of people in the caller's areas, the newest
         *     first.
         */
        get: operations["get /api/v1/accesses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accesses.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as CSV. */
        get: operations["get /api/v1/accesses.csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/areas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The areas the caller works in, and all below. */
        get: operations["get /api/v1/areas"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/areas/{code}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Closes a village or a township in which nothing is recorded any more, with all below it: it is
         *     offered nowhere, and what was recorded about it stays.
         */
        post: operations["post /api/v1/areas/{code}/close"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/areas/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds areas below those of the caller, and renames those that are there. The body is a workbook
         *     (.xlsx, .xls) or CSV with the columns `code` and `name`, and `parent` and `level` where codes are
         *     no national ones. What is closed is opened again. Nothing is moved or taken away; with a mistake
         *     in it, nothing is done.
         */
        post: operations["post /api/v1/areas/import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What people of the caller's areas changed, the newest first. */
        get: operations["get /api/v1/audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as CSV. */
        get: operations["get /api/v1/audit.csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Goes through the whole trail, of all counties, and says whether each line follows from the one
         *     before. It shows no line.
         */
        get: operations["get /api/v1/audit/check"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bundles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every definition there is. */
        get: operations["get /api/v1/bundles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conflicts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of the conflicts in the caller's areas. */
        get: operations["get /api/v1/conflicts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conflicts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One conflict, with what was before it. */
        get: operations["get /api/v1/conflicts/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conflicts/{id}/settle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Settles a conflict. It takes effect like an edit on a tablet, and syncs. */
        post: operations["post /api/v1/conflicts/{id}/settle"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/definitions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The definitions of a kind, with their versions and who published them. */
        get: operations["get /api/v1/definitions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far each village has come with a notification. Costs as much as there are records to be
         *     told of in the area.
         */
        get: operations["get /api/v1/deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/undelivered": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of what is not delivered, by name: for those who may see few as well as many. */
        get: operations["get /api/v1/deliveries/undelivered"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tablets of the people in the caller's areas. */
        get: operations["get /api/v1/devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops a tablet from getting anything. What it still brings is kept in quarantine. */
        post: operations["post /api/v1/devices/{id}/block"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the exchanges of a tablet came to, newest first. */
        get: operations["get /api/v1/devices/{id}/log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a blocked tablet work again. */
        post: operations["post /api/v1/devices/{id}/release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/revocations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Says that a tablet's signatures count for nothing from a time on, because it was lost or stolen.
         *     Nothing that arrives from it is countersigned any more, whatever its date; receipts of what was
         *     countersigned since then say so; and the tablet is blocked. It can't be taken back; an earlier
         *     time may be added.
         */
        post: operations["post /api/v1/devices/{id}/revocations"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/wipe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a tablet erase itself once it has handed over its outbox. */
        post: operations["post /api/v1/devices/{id}/wipe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Enrols a tablet. */
        post: operations["post /api/v1/devices/enrol"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/hand-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes in a file that a tablet exported; handing it in again changes nothing. */
        post: operations["post /api/v1/devices/hand-in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/enrolment-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a one-time code to enrol a tablet with. */
        post: operations["post /api/v1/enrolment-codes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was erased, by whom and why. */
        get: operations["get /api/v1/erasures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/findings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The open findings in the caller's areas, the newest first, with whom they are about: for those
         *     who may see few as well as many.
         */
        get: operations["get /api/v1/findings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/findings/{id}/answers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Answers a finding: explains it, or asks again where an explanation is not enough. It takes effect
         *     like an edit on a tablet, is kept in history, and syncs.
         */
        post: operations["post /api/v1/findings/{id}/answers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The forms of the caller's areas, of those around them, and of packs. */
        get: operations["get /api/v1/forms"];
        put?: never;
        /**
         * Adds a version to the form of its name, which begins with it if need be. It is a draft until it
         *     is published. Files that an earlier version had and that are not sent again go with it.
         */
        post: operations["post /api/v1/forms"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One form, with its versions and where they are filled in. */
        get: operations["get /api/v1/forms/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/answers.xlsx": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as a workbook, with a worksheet for the visits and one for each repeat. */
        get: operations["get /api/v1/forms/{id}/answers.xlsx"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/answers.zip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The answers of a form as CSV in a ZIP archive: a line for each visit, and in a file of its own a
         *     line for each instance of a repeat, joined by `KEY` and `PARENT_KEY`. All versions of the form
         *     stand in the same columns. It flows while it is made.
         */
        get: operations["get /api/v1/forms/{id}/answers.zip"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is different between two versions of a form, and what becomes of answers. */
        get: operations["get /api/v1/forms/{id}/diff"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publishes a version in an area, or retires the form there. It holds from now on for the area
         *     and all below, until a newer decision covers them. Visits that are under way, and those that
         *     were made, keep the version they were made with.
         */
        post: operations["post /api/v1/forms/{id}/releases"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/versions/{hash}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One version: what it holds, what goes with it, and whether it was tried. */
        get: operations["get /api/v1/forms/{id}/versions/{hash}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/versions/{hash}/source": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a version was made from, as it was uploaded. */
        get: operations["get /api/v1/forms/{id}/versions/{hash}/source"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/versions/{hash}/translations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a version says in its languages, side by side, and what is missing. */
        get: operations["get /api/v1/forms/{id}/versions/{hash}/translations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/versions/{hash}/trials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Fills a version in with sample data and says what is wrong. Only a version whose last trial
         *     passed can be published.
         */
        post: operations["post /api/v1/forms/{id}/versions/{hash}/trials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/versions/{hash}/visits/{visit}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a stored visit would be in another version of its form. Nothing is changed. */
        get: operations["get /api/v1/forms/{id}/versions/{hash}/visits/{visit}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/{id}/versions/{hash}/xform": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A version's XForm. */
        get: operations["get /api/v1/forms/{id}/versions/{hash}/xform"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/forms/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says what a form holds and everything that is wrong with it, and stores nothing. */
        post: operations["post /api/v1/forms/check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/households/{id}/erasure": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erases everything that is held on a household, in records, history and photos, at its request.
         *     The log of notifications goes on verifying: it holds digests, which stay. It can't be taken
         *     back; backups that were made before still have it until they are replaced.
         */
        post: operations["post /api/v1/households/{id}/erasure"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/households/{id}/holding": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything that is held on a household: to be given to it when it asks. */
        get: operations["get /api/v1/households/{id}/holding"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/requeue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries a job again from the beginning. */
        post: operations["post /api/v1/jobs/{id}/requeue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/dead": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The jobs that failed too often, about photos of the caller's areas. */
        get: operations["get /api/v1/jobs/dead"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ledgers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ledgers of the packs there are. */
        get: operations["get /api/v1/ledgers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ledgers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A ledger, counted over everything there is now. */
        get: operations["get /api/v1/ledgers/{name}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ledgers/{name}/sheet.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as CSV. */
        get: operations["get /api/v1/ledgers/{name}/sheet.csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ledgers/{name}/sheet.xlsx": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as a workbook. */
        get: operations["get /api/v1/ledgers/{name}/sheet.xlsx"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells a browser when something changed in the caller's areas. */
        get: operations["get /api/v1/live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in, and what they may do. */
        get: operations["get /api/v1/me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes the caller's password. Other browsers are signed out. */
        post: operations["post /api/v1/me/password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the caller signs in with a code of an authenticator app, too. */
        get: operations["get /api/v1/me/second-factor"];
        put?: never;
        /** Makes a secret for an authenticator app. It counts once a code of it is confirmed. */
        post: operations["post /api/v1/me/second-factor"];
        /** Signs in without a code from now on; the last code is asked for. */
        delete: operations["delete /api/v1/me/second-factor"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/second-factor/confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirms the app with a code: from now on every sign-in asks for one. What is told are the codes
         *     for when the phone is lost.
         */
        post: operations["post /api/v1/me/second-factor/confirmation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the caller is signed in: browsers and tablets, the latest first. */
        get: operations["get /api/v1/me/sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Ends a session of the caller's: a browser somewhere else, or a tablet that was lost, which has
         *     to be enrolled again before it syncs.
         */
        delete: operations["delete /api/v1/me/sessions/{id}"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/views": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's views of a screen. */
        get: operations["get /api/v1/me/views"];
        /** Keeps a view. */
        put: operations["put /api/v1/me/views"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/views/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forgets a view of the caller's. */
        delete: operations["delete /api/v1/me/views/{id}"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/media/{hash}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A photo or document that a record in the caller's areas names. A tablet gets a photo as it was
         *     taken; a person in a browser does so with a reason, and otherwise its picture alone.
         */
        get: operations["get /api/v1/media/{hash}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/media/{hash}/thumbnails/{size}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A copy of a photo to be looked at, JPEG, at most `320` or `1600` pixels a side, without what its
         *     file says.
         */
        get: operations["get /api/v1/media/{hash}/thumbnails/{size}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of notifications. The next page costs what the first does. */
        get: operations["get /api/v1/notices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A notification in the caller's areas: what was shown and answered, the signature as an image,
         *     its place in the log, what was found about it, and the copies that were given.
         */
        get: operations["get /api/v1/notices/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/{id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The receipt of a notification in the caller's areas, once it is in the log. */
        get: operations["get /api/v1/notices/{id}/receipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/{id}/sheet.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A notification on paper, once it is in the log: the same bytes whenever it is printed. */
        get: operations["get /api/v1/notices/{id}/sheet.pdf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/prints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Has all notifications of an area that are in the log, and were not replaced, printed for the
         *     households: PDF files of at most 100 each, kept for seven days.
         */
        post: operations["post /api/v1/notices/prints"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/prints/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a printing has come. */
        get: operations["get /api/v1/notices/prints/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/prints/{id}/{part}.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file of a printing. */
        get: operations["get /api/v1/notices/prints/{id}/{part}.pdf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publishes a version of a template: from the next sync on it is what tablets show and sign, and
         *     what was signed before stays as it was signed. Templates are the whole server's: who publishes
         *     one is an admin of all areas.
         */
        post: operations["post /api/v1/notices/templates"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/templates/{hash}/sample.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A template that was published, with its sample data. */
        get: operations["get /api/v1/notices/templates/{hash}/sample.pdf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/templates/sample.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A template that is being written (TOML, or JSON where the request says so), with its sample
         *     data; or everything that is wrong with it.
         */
        post: operations["post /api/v1/notices/templates/sample.pdf"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far an area has come, and each that lies in it. */
        get: operations["get /api/v1/overview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/overview/unvisited": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The households that were not visited in a period: the exceptions behind the overview's share. */
        get: operations["get /api/v1/overview/unvisited"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/packs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The packs that are installed. */
        get: operations["get /api/v1/packs"];
        put?: never;
        /**
         * Installs a pack (a ZIP archive of its folder): what is new in it becomes the newest version of
         *     each definition, and nothing that was published changes. Its forms are drafts until they are
         *     published in an area. Packs are the whole server's: who installs one is an admin of all areas.
         */
        post: operations["post /api/v1/packs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/packs/{name}/back": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Goes back to an earlier version of a pack: its rules, templates of notifications and ledgers are
         *     published once more as they stood before the version after it was installed, with what was
         *     changed here; or as the newest brought them, without. Rules that came later are emptied.
         *     Registers stay, for records are kept in them, and so do templates that came later. Forms go back
         *     by their own releases. Packs are the whole server's: it takes an admin of all areas.
         */
        post: operations["post /api/v1/packs/{name}/back"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The people who are or were granted something in the caller's areas, by when they were added. */
        get: operations["get /api/v1/people"];
        put?: never;
        /** Adds a person. The password is told once. */
        post: operations["post /api/v1/people"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Keeps a person from signing in; their tablets may still hand over what is on them. */
        post: operations["post /api/v1/people/{id}/disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a person sign in again. */
        post: operations["post /api/v1/people/{id}/enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Grants a person of the caller's areas one more thing there. */
        post: operations["post /api/v1/people/{id}/grants"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/grants/{grant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends what a person is granted; that it was stays on record. */
        delete: operations["delete /api/v1/people/{id}/grants/{grant}"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a person a new password, which is told once, and takes their second factor away: for who
         *     has lost either. Whoever is signed in as them is signed out.
         */
        post: operations["post /api/v1/people/{id}/password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was pushed for the caller's areas and had no effect, newest first. A page may have fewer than
         *     were asked for, where they are large; the last one is followed by an empty page. What can't be placed in
         *     any area is shown to those whose areas its pusher works in.
         */
        get: operations["get /api/v1/quarantine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/quarantine/{incarnation}/{seq}/settle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Applies or discards an operation that had no effect, with those of its group about the same record. */
        post: operations["post /api/v1/quarantine/{incarnation}/{seq}/settle"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of a register, in the caller's areas. */
        get: operations["get /api/v1/records"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/records.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The records of a register as CSV. It flows while it is made. */
        get: operations["get /api/v1/records.csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/records.xlsx": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as a workbook. */
        get: operations["get /api/v1/records.xlsx"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/records/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One record. */
        get: operations["get /api/v1/records/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/records/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every version of a record, and the operation that made it. */
        get: operations["get /api/v1/records/{id}/history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/records/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes a table in as records of a register: all of it, or nothing while a line is wrong. The body
         *     is a workbook (.xlsx, .xls) or CSV in UTF-8 whose first row names the columns, by the fields'
         *     names or labels. What is there stays as it is; taken in again, nothing is doubled. With
         *     `Accept: application/x-ndjson` it tells how far it is, and stops when the connection breaks off:
         *     what was made by then stays.
         */
        post: operations["post /api/v1/records/import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/records/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The records in the caller's areas with a value in a sensitive field, which is encrypted and
         *     found by a keyed hash. They are answered masked.
         */
        post: operations["post /api/v1/records/search"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/registers/importable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The registers that tables can be taken into. */
        get: operations["get /api/v1/registers/importable"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How long the records of each register are kept; those that aren't named stay. */
        get: operations["get /api/v1/retention"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention/{collection}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Sets how long the records of a register are kept after their last change. Expired records are
         *     erased once a day, with what belongs to them.
         */
        put: operations["put /api/v1/retention/{collection}"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention/dry-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What would expire now. Nothing is changed. */
        get: operations["get /api/v1/retention/dry-run"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether what expires is erased at this moment: not in the first day that the clock is believed,
         *     and not by one that is days ahead of all that was written.
         */
        get: operations["get /api/v1/retention/pause"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/review/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Claims the visits to look at next, so that no other reviewer gets them, and renews the claims
         *     there are. Whoever claims a visit is sent its answers, which is kept apart from what they look at.
         */
        post: operations["post /api/v1/review/claims"];
        /** Lets others look at what was claimed and not decided about. */
        delete: operations["delete /api/v1/review/claims"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/review/claims/{visit}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Claims one visit that waits, to look at it out of turn. */
        put: operations["put /api/v1/review/claims/{visit}"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/review/claims/{visit}/look": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keeps that the caller looks at a visit they have claimed: what was only sent ahead was not looked
         *     at.
         */
        post: operations["post /api/v1/review/claims/{visit}/look"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/review/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What makes a visit urgent where the caller works, and what needs two people. */
        get: operations["get /api/v1/review/policy"];
        /** Sets what makes a visit urgent, and what needs two people. What was set before stays on record. */
        put: operations["put /api/v1/review/policy"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/review/waiting": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many visits wait for the caller. */
        get: operations["get /api/v1/review/waiting"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rosters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest 200 lists that were compared in the caller's areas. */
        get: operations["get /api/v1/rosters"];
        put?: never;
        /**
         * Compares a list, and asks those in charge of the villages about every difference: as findings,
         *     which they mend or explain on their tablets. The list itself is not kept. With
         *     `Accept: application/x-ndjson` it tells how far it is, and stops when the connection breaks off:
         *     what was asked by then stays, and the same list again asks the rest.
         */
        post: operations["post /api/v1/rosters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rosters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A list that was compared. */
        get: operations["get /api/v1/rosters/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rosters/{id}/differences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a list and the later ones of its name differ in. */
        get: operations["get /api/v1/rosters/{id}/differences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rosters/{id}/reply.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The reply to the department: every difference and what was found out, as CSV. */
        get: operations["get /api/v1/rosters/{id}/reply.csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rosters/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Says what a list differs in, and asks nobody. The body is a workbook (.xlsx, .xls) or CSV in
         *     UTF-8 whose first row names the columns, one of them 身份证号 or `citizen_id`. With
         *     `Accept: application/x-ndjson` it tells how many villages are compared, and stops when the
         *     connection breaks off.
         */
        post: operations["post /api/v1/rosters/compare"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publishes a version of a set of rules: every household is looked at by it, and tablets have it
         *     with their next sync. Rules are the whole server's: who publishes them is an admin of all areas.
         */
        post: operations["post /api/v1/rules"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules/trial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What rules would find in the households of the caller's areas, beside what the published ones of
         *     this name find. Nothing is kept. With `Accept: application/x-ndjson` it tells how far it is, and
         *     stops when the connection breaks off.
         */
        post: operations["post /api/v1/rules/trial"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/samples": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest 200 samples of the caller's areas. */
        get: operations["get /api/v1/samples"];
        put?: never;
        /**
         * Draws a sample: so many of each group, by lot. With the seed, the same is drawn again as long as
         *     the records are the same.
         */
        post: operations["post /api/v1/samples"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/samples/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A sample with what was drawn and what calls came to. */
        get: operations["get /api/v1/samples/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/samples/{id}/items/{place}/outcomes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Notes what a call came to. Earlier notes stay. */
        post: operations["post /api/v1/samples/{id}/items/{place}/outcomes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs a person in. */
        post: operations["post /api/v1/session"];
        /** Signs the caller out. */
        delete: operations["delete /api/v1/session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Proves once more who the caller is. For a quarter of an hour after it, as after signing in, they
         *     may do what gives power: hand out enrolment codes and roles, set passwords, change factors.
         */
        post: operations["post /api/v1/session/confirmation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a refresh token for a new pair. */
        post: operations["post /api/v1/session/refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of the tasks in the caller's areas, the most urgent first. */
        get: operations["get /api/v1/tasks"];
        put?: never;
        /** Sets a task for each of some households: all of them, or none. */
        post: operations["post /api/v1/tasks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Moves a task to another day, says it otherwise, ends it, or takes it up again. It syncs like any
         *     edit and is kept in history.
         */
        put: operations["put /api/v1/tasks/{id}"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far the tasks have come, area by area: never person by person. */
        get: operations["get /api/v1/tasks/counts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/visits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of the visits in the caller's areas, the newest first: page 1,000 costs what page 1 does. */
        get: operations["get /api/v1/visits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/visits/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A visit with its household, what was found, its photos and what is like them. Who has claimed it
         *     sees its answers (the claim is kept as the reason); others say why.
         */
        get: operations["get /api/v1/visits/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/visits/{id}/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Passes a visit, sends it back, refuses it, leaves it to another with a doubt, has it reviewed
         *     again, or undoes what the caller decided last. It takes effect like an edit on a tablet, is kept
         *     in history, and syncs; each comment becomes a finding at its question.
         */
        post: operations["post /api/v1/visits/{id}/decisions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/visits/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many visits there are in the caller's areas, by where they stand and what is open. */
        get: operations["get /api/v1/visits/counts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process is up. */
        get: operations["get /healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The database and the media store take what they are given, and pushes get through. */
        get: operations["get /readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/blobs/missing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Which of these blobs the tablet should upload: those that are not verified, and those it may
         *     not know of. What is not named was read back from the media store under its hash.
         */
        post: operations["post /sync/v1/blobs/missing"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/bundles/{hash}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A definition, named by its hash. */
        get: operations["get /sync/v1/bundles/{hash}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/conflicts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One conflict in a village of the tablet's, with what was before it and whose the values are. */
        get: operations["get /sync/v1/conflicts/{id}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/forms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The forms that are filled in in the tablet's villages. While nothing changes, a tablet that
         *     names the answer it has (`If-None-Match`) is told so in a few bytes.
         */
        get: operations["get /sync/v1/forms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/forms/{hash}/files/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file that goes with a version: a list, a picture, a sound. */
        get: operations["get /sync/v1/forms/{hash}/files/{name}"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells a tablet when something changed in its scopes, but for what it pushed itself. */
        get: operations["get /sync/v1/live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/standing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a tablet stands: why it has no village, where it has none. */
        get: operations["get /sync/v1/standing"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pushes what a tablet did and pulls what it has not seen, in one round trip
         *     (`docs/protocol.md`).
         */
        post: operations["post /sync/v1/sync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Announces an upload, maybe with its first bytes. */
        post: operations["post /sync/v1/uploads"];
        delete?: never;
        /** What this server can do. */
        options: operations["options /sync/v1/uploads"];
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/v1/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Gives an upload up. */
        delete: operations["delete /sync/v1/uploads/{id}"];
        options?: never;
        /**
         * How far an upload is. A request that was still writing puts down what it has first. Where all
         *     bytes are there, the upload is completed before that is told: clients take an offset that equals
         *     the length for success. One that can't be completed now is locked (423), which clients answer by
         *     coming again; after any other refusal they begin anew.
         */
        head: operations["head /sync/v1/uploads/{id}"];
        /** Goes on with an upload. Of two requests the newer one wins. */
        patch: operations["patch /sync/v1/uploads/{id}"];
        trace?: never;
    };
    "/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A page that verifies a receipt: whether it holds, when and where it stands in the log, and
         *     whether it was replaced since.
         */
        get: operations["get /verify"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Somebody looked at what is masked otherwise. */
        AccessLine: {
            at: string;
            /** Format: uuid */
            id: string;
            /** @description `record`, `register`, `photo`, `notice`, `household` or `search`. */
            kind: string;
            reason: string;
            subject: string;
            /** @description What people call it: the household it is about, the form … */
            subject_name?: string | null;
            /** Format: uuid */
            user: string;
            user_name: string;
        };
        /** @description A photo of another visit that is the same, or looks nearly so. */
        Alike: {
            /**
             * Format: int32
             * @description Bits of 64 in which they differ; none where it is the same file.
             */
            bits?: number | null;
            /**
             * Format: int64
             * @description Days before this visit; after it where negative.
             */
            days: number;
            hash: string;
            /** @description The household's title. */
            household?: string | null;
            same_household: boolean;
            /** @description The village's name. */
            village?: string | null;
            /** Format: uuid */
            visit: string;
        };
        /**
         * @description What becomes of a finding.
         * @enum {string}
         */
        Answer: "explained" | "open";
        /** @description A person's answer. */
        AnswerRequest: {
            answer: components["schemas"]["Answer"];
            /** @description `[epoch, n]`: the version the person saw. */
            version: Record<string, unknown>[];
            /** @description The explanation, or what is missing in it. */
            words: string;
        };
        /** @description An area. */
        Area: {
            /** @description Its code: 12 digits of the national code, or whatever the county uses. */
            code: string;
            /** @description `province`, `prefecture`, `county`, `township` or `village`. */
            level: string;
            /** @description Its name. */
            name: string;
            /** @description The area it lies in. */
            parent?: string | null;
        };
        /** @description An area with what lies below it. A count is none where it points at people. */
        AreaCount: {
            code: string;
            /**
             * Format: int64
             * @description Of these, those that said no.
             */
            declined?: number | null;
            /**
             * Format: int64
             * @description Open findings.
             */
            findings?: number | null;
            /**
             * Format: int64
             * @description …out of all there are.
             */
            households?: number | null;
            level: string;
            name: string;
            /**
             * Format: int64
             * @description Visits that wait for a cadre.
             */
            returned?: number | null;
            /**
             * Format: int64
             * @description Households that somebody went to in the period and nobody visited: nobody was at home, or
             *     they said no.
             */
            to_revisit?: number | null;
            /**
             * Format: int64
             * @description Households that were visited in the period…
             */
            visited?: number | null;
            /**
             * Format: int64
             * @description Visits that took place and were received in the period.
             */
            visits?: number | null;
            /**
             * Format: int64
             * @description Visits that wait for a reviewer.
             */
            waiting?: number | null;
        };
        /** @description How far the tasks of an area have come, with all below. */
        AreaTasks: components["schemas"]["TaskTally"] & {
            area: string;
            level: string;
            name: string;
        };
        /** @description Whether the trail is whole. */
        AuditCheck: {
            /**
             * Format: int64
             * @description The first line that does not follow from the one before.
             */
            broken_at?: number | null;
            /** @description The hash of the last of them: kept elsewhere, it shows that nothing before it was changed. */
            hash: string;
            /**
             * Format: int64
             * @description Lines that follow from one another.
             */
            lines: number;
        };
        /** @description Something that was done. */
        AuditLine: {
            action: string;
            at: string;
            detail: Record<string, unknown>;
            /** @description The SHA-256 of the line and the hash before it, in hexadecimal digits. */
            hash: string;
            /** Format: int64 */
            position: number;
            subject: string;
            /** @description What people call it: the person, the household it is about, the area … */
            subject_name?: string | null;
            user_name: string;
        };
        /** @description What becomes of a definition of the pack. */
        BackChange: {
            /**
             * Format: int64
             * @description The version it becomes; none where it stays as it is.
             */
            becomes?: number | null;
            /** @description `register`, `notice`, `rules` or `ledger`. */
            kind: string;
            /** @description What people read, by language. */
            labels: {
                [key: string]: string;
            };
            name: string;
            /**
             * Format: int64
             * @description The version that counts now.
             */
            now: number;
            /**
             * Format: int64
             * @description The version that counted then; none where there was none.
             */
            then?: number | null;
        };
        /** @description A definition that can be fetched. */
        BundleView: {
            /** @description Its address. */
            hash: string;
            /** @description `register`, `form`, `notice`, `rules`, or `dictionary`: what messages are compressed with */
            kind: string;
            /** @description Words by language. */
            labels: Record<string, unknown>;
            media_type: string;
            name: string;
            /** @description The pack it came with; none for what every county has. */
            pack?: string | null;
            /** Format: int64 */
            version: number;
        };
        /** @enum {string} */
        CallOutcome: "confirmed" | "differs" | "not_reached" | "declined";
        /** @description A stored visit in another version of its form. */
        Carried: Record<string, unknown> & {
            /** @description Its answers as they would be stored. */
            answers: Record<string, unknown>;
            /** @description The version it was made with. */
            from: string;
            /** @description What the version asks for and doesn't find. */
            invalid: Record<string, unknown>[];
            /** @description Answers that had no place in the version before either. */
            untaken: Record<string, unknown>[];
        };
        /** @enum {string} */
        Choice: "keep" | "swap" | "edit";
        /** @description Who is looking at a visit. */
        Claim: {
            /** @description Until then. */
            until: string;
            /** Format: uuid */
            user: string;
            user_name: string;
        };
        /** @description How many visits to look at next. */
        ClaimRequest: {
            /** @description Only of this area and below. */
            area?: string | null;
            /** @description How many to have claimed afterwards, those that are claimed already among them. */
            count: number;
        };
        /** @description A one-time enrolment code. */
        Code: {
            code: string;
            /**
             * Format: int64
             * @description Seconds until it expires.
             */
            expires_in: number;
        };
        /** @description For whom to make a code. */
        CodeFor: {
            /** @description The person's login. */
            login: string;
        };
        /** @description A column. */
        ColumnView: {
            /** @description The header above its own; empty where there is none. */
            group: string;
            label: string;
            /** @description The colour it is shown in: `red`, `yellow`, `blue` or `green`. */
            tone?: string | null;
            /** @description What its sums are told in: `yuan` or `ten_thousand_yuan`; nothing for what is no money. */
            unit?: string | null;
        };
        /** @description A word at a question. */
        Comment: {
            /** @description The question: `/data/guarantees/water`. */
            place: string;
            /** @description What is to be looked at. */
            words: string;
        };
        /** @description What a list differs in. */
        ComparisonView: {
            /** @description The list's columns. */
            columns: string[];
            /** @description Open differences of an earlier list of this name that are gone. */
            corrected: number;
            /** @description People on it who are no members here. */
            elsewhere: number;
            /** @description Differences of an earlier list of this name that are explained already. */
            explained: number;
            /** @description The most differences that people are asked about at once. */
            limit: number;
            /** @description People on it. */
            lines: number;
            /** @description Members who are on it and should not be. */
            listed: number;
            /** @description Those of them who are on it. */
            matched: number;
            /** @description Members of the area who are in their households. */
            members: number;
            /** @description Members who are not on it and should be. */
            missing: number;
            /** @description Members who are on it under another name. */
            names: number;
            /** @description The first of them. */
            problems: components["schemas"]["LineProblem"][];
            /** @description Lines that say the same number again. */
            repeated: number;
            /** @description Differences that nobody was asked about before, or that are found again. */
            to_ask: number;
            /** @description Lines without a number that can be one. */
            unreadable: number;
            /** @description Those who have no ID number on record, and can't be compared. */
            without_id: number;
        };
        /** @description A conflict as a person reads it. */
        Conflict: {
            /**
             * @description The values before either of the two wrote, by field id, as far as the record's history
             *     tells; only in the detail.
             */
            before?: Record<string, unknown> | null;
            collection: string;
            /**
             * Format: int64
             * @description The field that leads the group of fields; 0 is the record's scope and life.
             */
            group: number;
            /** Format: uuid */
            id: string;
            /** @description Its name for people. */
            label: string;
            /** @description The value that does not. */
            loser: components["schemas"]["Side"];
            /** @description Sensitive fields whose values are not told; a reason tells them. */
            masked?: components["schemas"]["u32"][];
            /** @description `latest`, `authority` or `compare_and_set`. */
            policy: string;
            /**
             * Format: uuid
             * @description The record it is about.
             */
            record?: string | null;
            /** @description Who settled it, when and why. */
            resolution?: Record<string, unknown> | null;
            /** @description The scope it is in, which is that of the record it is about. */
            scope: string;
            /** @description `open`, `kept`, `swapped` or `edited`. */
            state: string;
            /** @description The line people recognise that record by. */
            title?: string | null;
            updated_at: string;
            /** @description `[epoch, n]`, to be named when it is settled. */
            version: Record<string, unknown>[];
            /** @description The value that stands, until somebody settles it otherwise. */
            winner: components["schemas"]["Side"];
        };
        /** @description What proves that the log of one size is the beginning of that of another. */
        Consistency: {
            from: Record<string, unknown>;
            proof: string[];
            to: Record<string, unknown>;
        };
        /** @description What was shown, and how the household answered. */
        ContentView: {
            /**
             * Format: uuid
             * @description The tablet.
             */
            device: string;
            /** @description Its name. */
            device_label?: string | null;
            /** @description The BCP 47 tag of its language. */
            language: string;
            /** @description `signed`, `refused` or `paper`. */
            outcome: string;
            /** @description The photo of the paper that was signed. */
            paper?: string | null;
            /** @description The photos that belong to it. */
            photos: string[];
            /** @description Why it was refused. */
            refusal?: string | null;
            relative?: components["schemas"]["Relative"] | null;
            /** @description The signature as an image (SVG), drawn from its strokes. */
            signature?: string | null;
            /** @description When, by the tablet's clock. */
            signed_at: string;
            /** @description The text as it was shown, its heading first; cells of tables stand between tabs. */
            text: string;
            witness?: components["schemas"]["WitnessView"] | null;
        };
        /** @description Something that is put right. */
        Correction: {
            field?: components["schemas"]["u32"] | null;
            /**
             * Format: int64
             * @description Which of the operations.
             */
            seq: number;
            /**
             * @description What the field is to hold: in an operation that adds, removes or moves a status, the
             *     element or the status. Without it, the field is left out.
             */
            value?: Record<string, unknown>;
        };
        /** @description How many visits there are. */
        Counts: {
            /** @description By where they stand. */
            by_status: {
                [key: string]: number;
            };
            /** Format: int64 */
            commented: number;
            /** Format: int64 */
            flagged: number;
            /** Format: int64 */
            invalid: number;
            /** Format: int64 */
            unanswered: number;
        };
        /** @description A day. */
        DayCount: {
            /** @description `2026-11-16`, in China. */
            day: string;
            /**
             * Format: int64
             * @description Visits that took place and were received then; none where they are so few that they point at
             *     people.
             */
            visits?: number | null;
        };
        /** @description A job that has failed too often. */
        DeadJob: {
            /** Format: int64 */
            attempts: number;
            dead_at: string;
            /** @description What went wrong the last time. */
            error?: string | null;
            /** Format: uuid */
            id: string;
            /** @description What it is about: a photo's hash. */
            key: string;
            /** @description `photo` */
            kind: string;
        };
        /** @description What came of it. */
        Decided: {
            /** @description One for each operation of the group. */
            outcomes: Record<string, unknown>[];
        };
        /** @description What a person decides. */
        Decision: {
            /** @description What is put right before it is applied. */
            corrections?: components["schemas"]["Correction"][];
            decision: components["schemas"]["What"];
            /** @description Why, in the person's words. */
            reason: string;
            /** @description The scope to apply it in, where the operation's own is not right any longer. */
            scope?: string | null;
        };
        /** @description A decision about a visit. */
        DecisionRequest: {
            /** @description What is to be looked at, question by question. */
            comments?: components["schemas"]["Comment"][];
            /** @description Why; it stays with the visit. */
            reason: string;
            verdict: components["schemas"]["Verdict"];
            /** @description `[epoch, n]`: the version the person saw. */
            version: Record<string, unknown>[];
        };
        /** @description A version of a definition. */
        DefinitionVersion: {
            added_at: string;
            /** @description Who published it here. */
            by?: string | null;
            /** @description Its address: the whole of it is at `/sync/v1/bundles/{hash}`. */
            hash: string;
            /** @description What people read, by language. */
            labels: {
                [key: string]: string;
            };
            /** @description The pack it came with; none where it was published here, or is the program's own. */
            pack?: string | null;
            /** @description Why, in their words. */
            reason?: string | null;
            /** Format: int64 */
            version: number;
        };
        /** @description A definition, with its versions. */
        DefinitionView: {
            name: string;
            /** @description Its versions, the newest first: the first is the one that counts. */
            versions: components["schemas"]["DefinitionVersion"][];
        };
        /** @description How far the villages have come. */
        Deliveries: {
            /** @description The register whose records are told of. */
            about: string;
            as_of: string;
            /** Format: int64 */
            of?: number | null;
            template: string;
            /**
             * Format: int64
             * @description How many are told of all that there are to be told of; none, like `of`, where so few are or
             *     are not that it points at people.
             */
            told?: number | null;
            villages: components["schemas"]["Village"][];
        };
        /** @description A tablet as an admin sees it. */
        DeviceRow: {
            /** Format: int64 */
            clock_skew_ms?: number | null;
            enrolled_at: string;
            /** Format: uuid */
            id: string;
            label: string;
            last_seen_at?: string | null;
            /** @description From when its signatures count for nothing, because it was lost or stolen. */
            revoked_from?: string | null;
            state: components["schemas"]["DeviceState"];
            /**
             * Format: int64
             * @description Files that it had not handed over then.
             */
            unsent_files?: number | null;
            /**
             * Format: int64
             * @description Operations that it had not handed over when it was here last; none where it never said.
             */
            unsent_ops?: number | null;
            user: string;
        };
        /**
         * @description Whether a tablet may work.
         * @enum {string}
         */
        DeviceState: "active" | "blocked" | "wiping";
        /** @description What is different between two versions. */
        Difference: {
            /**
             * @description What is different, in the order of the form; each with its words in the caller's language,
             *     and what becomes of answers.
             */
            changes: Record<string, unknown>[];
            /** @description How many of each kind. */
            counts: {
                [key: string]: number;
            };
            /** @description Stored visits that were made with the version before. */
            touched: components["schemas"]["Touched"];
        };
        /** @description A difference, and what was said of it. */
        DifferenceLine: {
            explanation?: string | null;
            household?: string | null;
            /** Format: uuid */
            household_id?: string | null;
            /**
             * Format: uuid
             * @description The finding.
             */
            id: string;
            /** @description `missing`, `listed` or `name` */
            kind: string;
            /** Format: uuid */
            member?: string | null;
            /** @description What is asked, in the caller's language. */
            message: string;
            name?: string | null;
            status: string;
            /** @description `[epoch, n]` */
            version: Record<string, unknown>[];
            village: string;
        };
        /** @description What a tablet sends to enrol. */
        Enrol: {
            /** @description The one-time code, as the QR carries it. */
            code: string;
            /** @description What people call the tablet. */
            label: string;
            /** @description The tablet's Ed25519 public key, 32 bytes in base64url. */
            public_key: string;
        };
        /** @description What a tablet gets. */
        Enrolment: {
            /**
             * Format: uuid
             * @description The tablet's name.
             */
            device: string;
            /** @description Its first tokens. */
            tokens: components["schemas"]["Tokens"];
            /**
             * Format: uuid
             * @description Whose tablet it is.
             */
            user: string;
        };
        /** @description Something that was erased: no word of what it was. */
        Erased: {
            decided_at: string;
            /** Format: uuid */
            decided_by: string;
            /** Format: uuid */
            id: string;
            /** @description `household` or `retention`. */
            kind: string;
            /** Format: int64 */
            photos: number;
            reason: string;
            /** Format: int64 */
            records: number;
            /** @description The household's id, or the register. */
            subject: string;
        };
        /** @description An erasure that is asked for. */
        Erasure: {
            /** @description Whether it is only told what would be erased. */
            dry_run?: boolean;
            /** @description Why, in the person's words; it is kept with their name. */
            reason: string;
        };
        /** @description Whoever is missing in an indicator: a household, or a record that belongs to none. */
        Exception: {
            /** @description The village. */
            area: string;
            area_name: string;
            /**
             * Format: uuid
             * @description The household, where the records belong to one.
             */
            household?: string | null;
            /** @description The indicator, from 0. */
            indicator: number;
            /**
             * Format: uuid
             * @description The first of its records that are missing.
             */
            record: string;
            /**
             * Format: int64
             * @description How many of its records are missing.
             */
            records: number;
            /** @description The household it is about, or the record's own line. */
            title: string;
        };
        /** @description What expires now, or would. */
        Expired: {
            /** @description The register. */
            collection: string;
            /**
             * Format: int64
             * @description How long its records are kept, days.
             */
            days: number;
            /** @description Operations whose words go. */
            operations: number;
            /** @description Photos and documents that go. */
            photos: number;
            /** @description Records that are emptied: those that expire, with what belongs to them. */
            records: number;
        };
        /** @description What an erasure comes to. */
        Extent: {
            /** @description Operations whose words go. */
            operations: number;
            /** @description Photos and documents that nothing else names, and that go, too. */
            photos: number;
            /** @description Records that are emptied. */
            records: number;
        };
        /** @description Whether the caller signs in with a code. */
        Factor: {
            is_on: boolean;
        };
        /** @description A code of the app. */
        FactorCode: {
            code: string;
        };
        /** @description A form. */
        FormView: {
            /** @description The code of the area whose form it is; none for those of packs. */
            area?: string | null;
            /** Format: uuid */
            id: string;
            /** @description The form's id, as its author writes it. */
            name: string;
            /** @description What was decided about where it is filled in, newest first. */
            releases: components["schemas"]["ReleaseView"][];
            /** @description What people call its newest version. */
            title: string;
            /** @description Its versions, newest first. */
            versions: components["schemas"]["VersionView"][];
        };
        /** @description What was found in a form. */
        Found: {
            /** @description The files it asks for. */
            files: string[];
            languages: string[];
            /** @description The form's id, as its author writes it. */
            name: string;
            /** @description What is probably not as meant; each with its sheet, row, cell and words. */
            problems: Record<string, unknown>[];
            /** @description What it holds, counted. */
            summary: Record<string, unknown>;
            title: string;
            /** @description As its author writes it. */
            version: string;
        };
        /** @description Where to go back to. */
        GoingBack: {
            /** @description Whether it is only told what would change. */
            dry_run?: boolean;
            /** @description Why, in the person's words; it is kept with their name. Needed where it is done. */
            reason?: string | null;
            /**
             * Format: int32
             * @description The version of the pack.
             */
            version: number;
        };
        /** @description What goes back. */
        GoneBack: {
            definitions: components["schemas"]["BackChange"][];
            name: string;
            /** Format: int32 */
            version: number;
        };
        /** @description A role in an area, from a day to a day. */
        GrantView: {
            area: string;
            area_name: string;
            /** Format: uuid */
            id: string;
            /** @description The codes from the root of the tree down to the area, each followed by a slash. */
            path: string;
            role: components["schemas"]["Role"];
            valid_from: string;
            valid_until?: string | null;
        };
        /** @description What a file came to. */
        HandedIn: {
            /**
             * Format: uuid
             * @description The tablet that exported it.
             */
            device: string;
            /** @description Unfinished visits in it, which the person takes back on a tablet. */
            drafts: number;
            /** @description Photos that were not there before. */
            files: number;
            /** @description Photos that operations name and that neither the file nor the server has. */
            files_lacking: number;
            /**
             * @description How many operations are with the server now, by what became of them: `applied`, `merged`,
             *     `conflict`, `parked`, `rejected`.
             */
            outcomes: {
                [key: string]: number;
            };
        };
        /** @description Blobs by hash. */
        Hashes: {
            hashes: string[];
        };
        /** @description An operation that waits for a person, or that can never be applied. */
        Held: {
            /** @description Whether it could be applied, as it is or put right. */
            applicable: boolean;
            /** @description The name of whoever pushed it. */
            by?: string | null;
            /**
             * Format: uuid
             * @description The tablet it came from; none if a person in a browser made it.
             */
            device?: string | null;
            /** Format: uuid */
            incarnation: string;
            /** @description Whether that record is there. */
            is_there: boolean;
            /** @description `parked` or `rejected` */
            kind: string;
            /** @description The operation as it came. */
            op: Record<string, unknown>;
            /** Format: uuid */
            pushed_by: string;
            reason: string;
            received_at: string;
            /**
             * Format: uuid
             * @description The record it is about, where it can be read.
             */
            record?: string | null;
            scope?: string | null;
            /** Format: int64 */
            seq: number;
            settled_at?: string | null;
            /** Format: uuid */
            settled_by?: string | null;
            /** @description `applied` or `discarded`, once somebody has decided. */
            settlement?: string | null;
            /**
             * Format: uuid
             * @description What it came with, if with anything: what is about the same record is decided about together.
             */
            unit?: string | null;
            /** @description The name of the village. */
            village?: string | null;
            /** @description Why, in that person's words; none where it took effect by itself, when its record arrived. */
            words?: string | null;
        };
        /** @description One line of a record's history: the operation that made a version. */
        HistoryLine: {
            /**
             * Format: int64
             * @description The version it made.
             */
            n: number;
            /** @description The operation as it came. */
            op: Record<string, unknown>;
            /** Format: uuid */
            pushed_by: string;
            /** @description Their name. */
            pushed_by_name: string;
            received_at: string;
        };
        /** @description Everything that is held on a household, as it is given to it. */
        Holding: {
            /** @description Who looked at what is masked otherwise, and why. */
            accesses: Record<string, unknown>[];
            as_of: string;
            /** @description What was said when it was called back. */
            calls: Record<string, unknown>[];
            /** Format: uuid */
            household: string;
            /** @description Everything that was pushed about them. */
            operations: Record<string, unknown>[];
            /** @description Photos and documents by hash; `/api/v1/media/{hash}` has each. */
            photos: string[];
            /** @description Its records and all that belong to them, with every value by the field's name. */
            records: Record<string, unknown>[];
        };
        /** @description A column that a table may have. */
        ImportableColumn: {
            /** @description What people read, by language. */
            labels: {
                [key: string]: string;
            };
            name: string;
        };
        /** @description A register that tables can be taken into. */
        ImportableRegister: {
            collection: string;
            /** @description The columns a table may have, beside the village's and the id's. */
            columns: components["schemas"]["ImportableColumn"][];
            /** @description What people read, by language. */
            labels: {
                [key: string]: string;
            };
        };
        /** @description A column, and the field it is read as. */
        ImportColumn: {
            /** @description `KEY`, `Area`, `Township` or a field's name; none where it is not read. */
            field?: string | null;
            /** @description As it is written. */
            title: string;
        };
        /** @description What a table of areas does. */
        Imported: {
            /** @description New areas. */
            added: components["schemas"]["Area"][];
            /** @description Areas that get another name. */
            renamed: components["schemas"]["Area"][];
            /** @description Areas that were closed and are open again: those in the table, and what they lie in. */
            reopened: components["schemas"]["Area"][];
            /** @description Areas that are as they were. */
            unchanged: number;
        };
        /** @description An indicator: always what it is out of. */
        IndicatorView: {
            label: string;
            /**
             * Format: int64
             * @description How many are met; none, like `of`, where so few are or are not that they point at people.
             */
            met?: number | null;
            /** Format: int64 */
            of?: number | null;
            /**
             * Format: int64
             * @description The share in hundredths of a per cent: 9984 is 99.84 %. Half up, but all only where all are
             *     met, and nothing only where none is.
             */
            share?: number | null;
        };
        /** @description What a pack changes. */
        Installed: {
            changes: components["schemas"]["PackChange"][];
            /** @description What people read, by language. */
            labels: {
                [key: string]: string;
            };
            name: string;
            /** Format: int32 */
            version: number;
        };
        /** @description A password that is shown once. */
        Issued: {
            /** Format: uuid */
            id: string;
            /** @description To be told to the person, who changes it. */
            password: string;
        };
        /** @description What stands in a cell. */
        LedgerFigure: number | string;
        /** @description A ledger that can be made. */
        LedgerLine: {
            name: string;
            title: string;
        };
        /** @description A ledger. */
        LedgerView: {
            /** @description When it was counted. */
            as_of: string;
            columns: components["schemas"]["ColumnView"][];
            /**
             * @description Whoever is missing in an indicator, each household once; nobody for those who may not see
             *     who.
             */
            exceptions: components["schemas"]["Exception"][];
            /** @description Who made it. */
            filled_in_by: string;
            from: string;
            indicators: components["schemas"]["IndicatorView"][];
            /** @description There are more than are named. */
            more_exceptions: boolean;
            /** @description The areas it is about, as whoever hands it in is called. */
            office: string;
            /** @description In the order of the tree. */
            rows: components["schemas"]["RowView"][];
            title: string;
            until: string;
        };
        /** @description One exchange of a tablet. */
        Line: {
            /** @description When, by the server's clock. */
            at: string;
            /** @description Bytes, operations, rows, duration, and what it came to. */
            attempt: Record<string, unknown>;
            /** Format: uuid */
            id: string;
            /** @description The line as a person reads it, in the caller's language. */
            words: string;
        };
        /** @description Something wrong with a line. */
        LineProblem: {
            en: string;
            /**
             * Format: int64
             * @description The line, from 1; the first holds the columns' names.
             */
            line: number;
            zh: string;
        };
        /** @description Who is signed in. */
        Me: {
            display_name: string;
            grants: components["schemas"]["MyGrant"][];
            /** Format: uuid */
            id: string;
            login: string;
            /** @description Whether nothing else is open to them before they change the password that was issued to them. */
            password_change_needed: boolean;
            /** @description Whether nothing else is open to them before they set up a second factor. */
            second_factor_needed: boolean;
        };
        /** @description A role in an area. */
        MyGrant: {
            /** @description The codes from the root of the tree down, each followed by a slash. */
            area: string;
            role: components["schemas"]["Role"];
        };
        /** @description A role to grant. */
        NewGrant: {
            /** @description The area's code. */
            area: string;
            /** @description The first day (`2026-12-01`); from now on where absent. */
            from?: string | null;
            /**
             * @description What a person does. A role is granted for an area, from a day to a day.
             * @enum {string}
             */
            role: "cadre" | "supervisor" | "admin" | "auditor";
            /** @description The last day; until it is ended where absent. */
            until?: string | null;
        };
        /** @description A period as it is set. */
        NewPeriod: {
            /**
             * Format: int64
             * @description After their last change, days; at least 30. Without it they are kept.
             */
            days?: number | null;
            /** @description Why, in the person's words. */
            reason: string;
        };
        /** @description A person to add. */
        NewPerson: {
            /** @description What others read. */
            display_name: string;
            /** @description The first thing they are granted: nobody is without. */
            grant: components["schemas"]["NewGrant"];
            /** @description What they sign in with: 2 to 50 of `a–z`, `0–9`, `-`, `.` and `_`. */
            login: string;
        };
        /** @description A policy that is set. */
        NewPolicy: {
            /** @description Where it holds: here and below. */
            area: string;
            policy: components["schemas"]["Policy"];
            /** @description Why; it stays with the policy. */
            reason: string;
        };
        /** @description Tasks to set. */
        NewTasks: {
            /**
             * Format: uuid
             * @description Chosen by whoever sets them: a batch that is sent again sets nothing twice.
             */
            batch: string;
            /** @description By which day (`2026-11-30`). */
            due?: string | null;
            /** @description The households it is to be done at. */
            households: string[];
            /** @description What is to be done. */
            title: string;
        };
        /** @description A view to be kept. */
        NewView: {
            /** @description What the person calls it, 40 characters at most; one with this name is replaced. */
            name: string;
            /** @description The query of the screen's address, 2,000 characters at most. */
            query: string;
            /** @description The screen it is of: `visits`. */
            screen: string;
        };
        /** @description A line of the list. */
        NoticeLine: {
            /** @description The rules of what was found about it and is open. */
            findings: string[];
            /** Format: uuid */
            household?: string | null;
            /** @description The line people recognise the household by. */
            household_title?: string | null;
            /** Format: uuid */
            id: string;
            /** @description `signed`, `refused` or `paper`. */
            outcome?: string | null;
            /**
             * Format: int64
             * @description The receipt number.
             */
            position?: number | null;
            title?: string | null;
            village: string;
        };
        /** @description A notification. */
        NoticeView: {
            content?: components["schemas"]["ContentView"] | null;
            /** @description The copies that were given. */
            copies: components["schemas"]["RecordView"][];
            /** @description What was found about it. */
            findings: components["schemas"]["RecordView"][];
            /** Format: uuid */
            household?: string | null;
            /** @description The household's title. */
            household_title?: string | null;
            /** Format: uuid */
            id: string;
            /** @description Since when it is in the log. */
            logged_at?: string | null;
            /**
             * Format: int64
             * @description The receipt number: its place in the log; none where it is not countersigned.
             */
            position?: number | null;
            /**
             * Format: uuid
             * @description The notification that replaced it.
             */
            superseded_by?: string | null;
            /**
             * Format: uuid
             * @description The notification it replaces.
             */
            supersedes?: string | null;
            template?: components["schemas"]["TemplateName"] | null;
            /** @description The village's name. */
            village?: string | null;
        };
        /** @description What an authenticator app has to know. */
        Offer: {
            /** @description In Base32 (RFC 4648), to be typed. */
            secret: string;
            /** @description The same as an address for a QR code (`otpauth://totp/…`). */
            uri: string;
        };
        /** @description A form that is filled in. */
        OfferedForm: {
            /** Format: uuid */
            form: string;
            /** @description The version, to be fetched as a bundle. */
            hash: string;
            /** @description The form's id, as its author writes it. */
            name: string;
            /** @description Where it is filled in. */
            scopes: string[];
            title: string;
            /** @description As its author writes it. */
            version: string;
        };
        /** @description A finding that is open. */
        OpenFinding: {
            /** @description What it is about: the register and the record. */
            about?: string | null;
            /**
             * Format: uuid
             * @description The household it belongs to, and its line.
             */
            household?: string | null;
            household_title?: string | null;
            /** Format: uuid */
            id: string;
            /** @description What is wrong, in words by language. */
            message: {
                [key: string]: string;
            };
            /** @description The rule. */
            rule: string;
            /** @description Since when it is known. */
            since: string;
            /** Format: uuid */
            subject?: string | null;
            /** @description The line people recognise the record by. */
            title?: string | null;
            village?: string | null;
        };
        /** @description What is to be printed. */
        Order: {
            /** @description The area whose notifications are printed. */
            area: string;
            /** @description Why, in the person's words; it is kept with their name. */
            reason: string;
            /** @description The name of a template; all of them, where it isn't said. */
            template?: string | null;
        };
        /** @description What a call came to. */
        OutcomeRequest: {
            outcome: components["schemas"]["CallOutcome"];
            /** @description What was said; needed where it differs. */
            words?: string;
        };
        /** @description What a call came to. */
        OutcomeView: {
            noted_at: string;
            noted_by: string;
            outcome: string;
            words: string;
        };
        /** @description How far an area has come. */
        Overview: {
            /** @description What lies in it, in the order of the tree. */
            areas: components["schemas"]["AreaCount"][];
            /** @description When it was counted. */
            as_of: string;
            days: components["schemas"]["DayCount"][];
            /** @description By rule, in the order of their names. */
            findings: components["schemas"]["RuleCount"][];
            from: string;
            /** @description All of it together. */
            total: components["schemas"]["AreaCount"];
            until: string;
        };
        /** @description A session of the caller's. */
        OwnSession: {
            began_at: string;
            expires_at: string;
            /** Format: uuid */
            id: string;
            /** @description Whether it is the one that asks. */
            is_this: boolean;
            /** @description When it was last renewed, which happens every quarter of an hour while it is used. */
            seen_at: string;
            /** @description The tablet it is on, as it was named; a browser's has none. */
            tablet?: string | null;
        };
        /** @description A definition of a pack, and what there is of it. */
        PackChange: {
            /** @description Whether that one was changed here, which the pack's takes the place of. */
            changed_here: boolean;
            /**
             * Format: int64
             * @description The newest version there is.
             */
            installed?: number | null;
            /** @description `register`, `form`, `notice`, `rules` or `ledger`. */
            kind: string;
            /** @description What people read, by language. */
            labels: {
                [key: string]: string;
            };
            name: string;
            /**
             * Format: int64
             * @description The version that comes; none for forms, which count their own.
             */
            version?: number | null;
        };
        /** @description A version of a pack that was installed. */
        PackVersion: {
            installed_at: string;
            /** Format: int32 */
            version: number;
        };
        /** @description An installed pack. */
        PackView: {
            /** @description What it is for, by language. */
            description: {
                [key: string]: string;
            };
            /** @description The versions that were installed before, the newest first. */
            earlier: components["schemas"]["PackVersion"][];
            installed_at: string;
            /** @description What people read, by language. */
            labels: {
                [key: string]: string;
            };
            name: string;
            /**
             * Format: int32
             * @description Its newest version.
             */
            version: number;
        };
        /** @description A page of a list. */
        Page_AccessLine: {
            /** @description What is on it. */
            items: {
                at: string;
                /** Format: uuid */
                id: string;
                /** @description `record`, `register`, `photo`, `notice`, `household` or `search`. */
                kind: string;
                reason: string;
                subject: string;
                /** @description What people call it: the household it is about, the form … */
                subject_name?: string | null;
                /** Format: uuid */
                user: string;
                user_name: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_Conflict: {
            /** @description What is on it. */
            items: {
                /**
                 * @description The values before either of the two wrote, by field id, as far as the record's history
                 *     tells; only in the detail.
                 */
                before?: Record<string, unknown> | null;
                collection: string;
                /**
                 * Format: int64
                 * @description The field that leads the group of fields; 0 is the record's scope and life.
                 */
                group: number;
                /** Format: uuid */
                id: string;
                /** @description Its name for people. */
                label: string;
                /** @description The value that does not. */
                loser: components["schemas"]["Side"];
                /** @description Sensitive fields whose values are not told; a reason tells them. */
                masked?: components["schemas"]["u32"][];
                /** @description `latest`, `authority` or `compare_and_set`. */
                policy: string;
                /**
                 * Format: uuid
                 * @description The record it is about.
                 */
                record?: string | null;
                /** @description Who settled it, when and why. */
                resolution?: Record<string, unknown> | null;
                /** @description The scope it is in, which is that of the record it is about. */
                scope: string;
                /** @description `open`, `kept`, `swapped` or `edited`. */
                state: string;
                /** @description The line people recognise that record by. */
                title?: string | null;
                updated_at: string;
                /** @description `[epoch, n]`, to be named when it is settled. */
                version: Record<string, unknown>[];
                /** @description The value that stands, until somebody settles it otherwise. */
                winner: components["schemas"]["Side"];
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_DeadJob: {
            /** @description What is on it. */
            items: {
                /** Format: int64 */
                attempts: number;
                dead_at: string;
                /** @description What went wrong the last time. */
                error?: string | null;
                /** Format: uuid */
                id: string;
                /** @description What it is about: a photo's hash. */
                key: string;
                /** @description `photo` */
                kind: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_DeviceRow: {
            /** @description What is on it. */
            items: {
                /** Format: int64 */
                clock_skew_ms?: number | null;
                enrolled_at: string;
                /** Format: uuid */
                id: string;
                label: string;
                last_seen_at?: string | null;
                /** @description From when its signatures count for nothing, because it was lost or stolen. */
                revoked_from?: string | null;
                state: components["schemas"]["DeviceState"];
                /**
                 * Format: int64
                 * @description Files that it had not handed over then.
                 */
                unsent_files?: number | null;
                /**
                 * Format: int64
                 * @description Operations that it had not handed over when it was here last; none where it never said.
                 */
                unsent_ops?: number | null;
                user: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_DifferenceLine: {
            /** @description What is on it. */
            items: {
                explanation?: string | null;
                household?: string | null;
                /** Format: uuid */
                household_id?: string | null;
                /**
                 * Format: uuid
                 * @description The finding.
                 */
                id: string;
                /** @description `missing`, `listed` or `name` */
                kind: string;
                /** Format: uuid */
                member?: string | null;
                /** @description What is asked, in the caller's language. */
                message: string;
                name?: string | null;
                status: string;
                /** @description `[epoch, n]` */
                version: Record<string, unknown>[];
                village: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_Erased: {
            /** @description What is on it. */
            items: {
                decided_at: string;
                /** Format: uuid */
                decided_by: string;
                /** Format: uuid */
                id: string;
                /** @description `household` or `retention`. */
                kind: string;
                /** Format: int64 */
                photos: number;
                reason: string;
                /** Format: int64 */
                records: number;
                /** @description The household's id, or the register. */
                subject: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_FormView: {
            /** @description What is on it. */
            items: {
                /** @description The code of the area whose form it is; none for those of packs. */
                area?: string | null;
                /** Format: uuid */
                id: string;
                /** @description The form's id, as its author writes it. */
                name: string;
                /** @description What was decided about where it is filled in, newest first. */
                releases: components["schemas"]["ReleaseView"][];
                /** @description What people call its newest version. */
                title: string;
                /** @description Its versions, newest first. */
                versions: components["schemas"]["VersionView"][];
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_Line: {
            /** @description What is on it. */
            items: {
                /** @description When, by the server's clock. */
                at: string;
                /** @description Bytes, operations, rows, duration, and what it came to. */
                attempt: Record<string, unknown>;
                /** Format: uuid */
                id: string;
                /** @description The line as a person reads it, in the caller's language. */
                words: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_NoticeLine: {
            /** @description What is on it. */
            items: {
                /** @description The rules of what was found about it and is open. */
                findings: string[];
                /** Format: uuid */
                household?: string | null;
                /** @description The line people recognise the household by. */
                household_title?: string | null;
                /** Format: uuid */
                id: string;
                /** @description `signed`, `refused` or `paper`. */
                outcome?: string | null;
                /**
                 * Format: int64
                 * @description The receipt number.
                 */
                position?: number | null;
                title?: string | null;
                village: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_OpenFinding: {
            /** @description What is on it. */
            items: {
                /** @description What it is about: the register and the record. */
                about?: string | null;
                /**
                 * Format: uuid
                 * @description The household it belongs to, and its line.
                 */
                household?: string | null;
                household_title?: string | null;
                /** Format: uuid */
                id: string;
                /** @description What is wrong, in words by language. */
                message: {
                    [key: string]: string;
                };
                /** @description The rule. */
                rule: string;
                /** @description Since when it is known. */
                since: string;
                /** Format: uuid */
                subject?: string | null;
                /** @description The line people recognise the record by. */
                title?: string | null;
                village?: string | null;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_PersonView: {
            /** @description What is on it. */
            items: {
                disabled_at?: string | null;
                display_name: string;
                /** @description What they are and were granted in the caller's areas. */
                grants: components["schemas"]["GrantView"][];
                /** Format: uuid */
                id: string;
                login: string;
                /**
                 * @description Whether the caller may disable them, or give them a new password: all that they are granted
                 *     lies in the caller's areas.
                 */
                manageable: boolean;
                /** @description Whether they sign in with a code of an authenticator app, too. */
                second_factor: boolean;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_RecordView: {
            /** @description What is on it. */
            items: {
                collection: string;
                /** @description When its first operation was received, by the server's clock. */
                created_at: string;
                definition: string;
                deleted: boolean;
                due_on?: string | null;
                /** @description Values by field id. */
                fields: Record<string, unknown>;
                /** Format: uuid */
                id: string;
                /** @description Sensitive fields that have a value, and whose value is not told; a reason tells them. */
                masked?: components["schemas"]["u32"][];
                /** @description The scope it is in. */
                scope: string;
                status?: string | null;
                /** Format: uuid */
                subject?: string | null;
                title?: string | null;
                updated_at: string;
                /** @description `[epoch, n]` */
                version: Record<string, unknown>[];
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_Undelivered: {
            /** @description What is on it. */
            items: {
                /** @description The village. */
                area: string;
                due_on?: string | null;
                /** Format: uuid */
                household?: string | null;
                /** @description The line people recognise the household by. */
                household_title?: string | null;
                /** Format: uuid */
                record: string;
                title?: string | null;
                village: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_Unvisited: {
            /** @description What is on it. */
            items: {
                /** @description The village. */
                area: string;
                /** Format: uuid */
                household: string;
                /** @description The line people recognise the household by. */
                title?: string | null;
                tried?: components["schemas"]["VisitOutcome"] | null;
                village: string;
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_VisitLine: {
            /** @description What is on it. */
            items: {
                /** @description The household's title. */
                household?: string | null;
                /** @description The rules of the open findings about it. */
                open: string[];
                /** @description The village's name. */
                village?: string | null;
                visit: components["schemas"]["RecordView"];
            }[];
            /**
             * Format: uuid
             * @description Where the next page starts; absent on the last.
             */
            next?: string | null;
        };
        /** @description A file of a printing. */
        Part: {
            /** @description Why it is not printed yet, where that failed. */
            error?: string | null;
            /**
             * Format: int64
             * @description Its bytes, once it is printed.
             */
            length?: number | null;
            notices: number;
            /** Format: int64 */
            part: number;
        };
        /** @description What is sent, part by part. */
        Parts: {
            /** @description Files that go with it, each a part of its own, after the form. */
            file: string[];
            /**
             * Format: binary
             * @description An XLSForm (.xlsx, .xls, .md, .csv) or an XForm (.xml).
             */
            form: string;
        };
        /** @description Who passed a visit that needs a second person. */
        Pass: {
            at: string;
            /** Format: uuid */
            user: string;
            user_name: string;
        };
        /** @description A new password. */
        PasswordChange: {
            /** @description 12 to 200 characters; another than the old one, and none that is easily guessed. */
            new: string;
            old: string;
        };
        /** @description Why nothing is erased by itself at this moment. */
        Pause: {
            /** @description In the caller's language; absent when what expires is erased. */
            words?: string | null;
        };
        /** @description How long the records of a register are kept. */
        Period: {
            collection: string;
            /**
             * Format: int64
             * @description After their last change, days.
             */
            days: number;
            decided_at: string;
            /** Format: uuid */
            decided_by: string;
            reason: string;
        };
        /** @description A person. */
        PersonView: {
            disabled_at?: string | null;
            display_name: string;
            /** @description What they are and were granted in the caller's areas. */
            grants: components["schemas"]["GrantView"][];
            /** Format: uuid */
            id: string;
            login: string;
            /**
             * @description Whether the caller may disable them, or give them a new password: all that they are granted
             *     lies in the caller's areas.
             */
            manageable: boolean;
            /** @description Whether they sign in with a code of an authenticator app, too. */
            second_factor: boolean;
        };
        /** @description A photo of a visit. */
        PhotoView: {
            /**
             * Format: int64
             * @description How sure the place is, metres.
             */
            accuracy?: number | null;
            /** @description Other photos that are the same or look nearly so. */
            alike: components["schemas"]["Alike"][];
            /** @description The camera, as the file has it. */
            camera?: string | null;
            hash: string;
            /** Format: int32 */
            height?: number | null;
            /** @description Whether its bytes have arrived and were looked at. */
            looked_at: boolean;
            /**
             * Format: int64
             * @description Metres from the household, or from where the visit was; no place is told.
             */
            metres?: number | null;
            /** @description What wrote the file. */
            software?: string | null;
            /**
             * Format: int64
             * @description When it was taken by the camera's clock, microseconds since 1970 as if that were UTC.
             */
            taken_at?: number | null;
            /** @description Why there is no copy to look at, where there is none. */
            unreadable?: string | null;
            /** Format: int32 */
            width?: number | null;
        };
        /** @description Why a visit stands where it stands. */
        Place: {
            /** @description It was drawn by lot. */
            drawn: boolean;
            /** @description What made it urgent, the heaviest first. */
            reasons: components["schemas"]["Reason"][];
            /**
             * Format: int32
             * @description The sum of what follows.
             */
            urgency: number;
            /** Format: uuid */
            visit: string;
        };
        /** @description What makes a visit urgent, and what needs two people. */
        Policy: {
            /**
             * Format: int32
             * @description Of each hundred visits that are looked at, how many are drawn by lot: 0 to 100.
             */
            random_percent: number;
            /**
             * Format: int32
             * @description What a visit that came back corrected adds.
             */
            resubmitted: number;
            /**
             * Format: int32
             * @description Visits this urgent are passed by two people.
             */
            second_from?: number | null;
            /** @description What an open finding adds, by its rule; the longest name that the rule begins with counts. */
            weights: {
                [key: string]: number;
            };
        };
        /** @description How far the printing has come. */
        Print: {
            area: string;
            asked_at: string;
            /** Format: uuid */
            id: string;
            /** Format: int64 */
            notices: number;
            /** @description The files, in the order of villages and households. */
            parts: components["schemas"]["Part"][];
            /** @description Parts that are printed. */
            printed: number;
        };
        /** @description What proves who somebody is. */
        Proof: {
            /** @description The code of the authenticator app, where the account has one. */
            code?: string | null;
            password: string;
        };
        /** @description A version of a template as it is to be published. */
        Publication: {
            /** @description Why, in the person's words; it is kept with their name. */
            reason: string;
            /** @description The template, with the version after the newest there is. */
            template: Record<string, unknown>;
        };
        /** @description What to look at next. */
        Queue: {
            /**
             * Format: int64
             * @description Seconds until the claims end; asking again renews them.
             */
            claimed_for: number;
            /** @description The visits that are claimed, in the order to look at them. */
            places: components["schemas"]["Place"][];
            /** @description How many wait, these among them. */
            waiting: number;
        };
        /** @description Something that made a visit urgent. */
        Reason: {
            /** @description The rule of an open finding, or `resubmitted`. */
            rule: string;
            /** Format: int32 */
            weight: number;
        };
        /** @description A notification's receipt. */
        ReceiptView: {
            /** @description The same in short, for a QR code. */
            qr: string;
            /**
             * @description The receipt, with what was shown and answered: to be given to the household, and to be
             *     verified with `ruhu notice verify`.
             */
            receipt: Record<string, unknown>;
        };
        /** @description What a table comes to. */
        RecordsImported: {
            /** @description Its columns, and what they are read as. */
            columns: components["schemas"]["ImportColumn"][];
            /** @description Records among them that belonged to nothing, and get what the line says they belong to. */
            completed: number;
            /** @description Lines whose record is there, and stays as it is, but for those that are completed. */
            known: number;
            lines: number;
            /** @description Lines that are new: those that were taken in, or would be. */
            new: number;
            /**
             * @description Lines whose record somebody else gave what it belongs to, or deleted, while the table was
             *     taken in: it stays as they left it.
             */
            overtaken: components["schemas"]["LineProblem"][];
            /** @description The first of them. */
            problems: components["schemas"]["LineProblem"][];
            /** @description Lines that say what one above says. */
            repeated: number;
            /** @description Lines that are wrong: while there are any, nothing is taken in. */
            wrong: number;
        };
        /** @description A record with its values. */
        RecordView: {
            collection: string;
            /** @description When its first operation was received, by the server's clock. */
            created_at: string;
            definition: string;
            deleted: boolean;
            due_on?: string | null;
            /** @description Values by field id. */
            fields: Record<string, unknown>;
            /** Format: uuid */
            id: string;
            /** @description Sensitive fields that have a value, and whose value is not told; a reason tells them. */
            masked?: components["schemas"]["u32"][];
            /** @description The scope it is in. */
            scope: string;
            status?: string | null;
            /** Format: uuid */
            subject?: string | null;
            title?: string | null;
            updated_at: string;
            /** @description `[epoch, n]` */
            version: Record<string, unknown>[];
        };
        /** @description What signs in once each where the phone is lost. */
        RecoveryCodes: {
            /** @description To be kept on paper: they are told this once. */
            recovery_codes: string[];
        };
        /** @description A refresh token; a tablet signs it with its key. */
        Refresh: {
            refresh_token: string;
            /** @description Base64url of the Ed25519 signature of `ruhu-refresh-1` and the token. */
            signature?: string | null;
        };
        /** @description Somebody of the family who signed. */
        Relative: {
            name: string;
            /** @description The relation to the head, in words. */
            relation: string;
        };
        /** @description A decision about which version is filled in where. */
        ReleaseRequest: {
            /** @description The code of the area it is for, and all below: a village first, the county later. */
            area: string;
            /** @description Why, in the person's words. */
            reason: string;
            /** @description The version; `null` retires the form. */
            version?: string | null;
        };
        /** @description A decision. */
        ReleaseView: {
            /** @description The code of the area. */
            area: string;
            decided_at: string;
            decided_by: string;
            reason: string;
            /** @description Whether it still says what is filled in somewhere, or newer ones have taken its place. */
            stands: boolean;
            /** @description The version; none where the form was retired. */
            version?: string | null;
        };
        /** @description A tablet's key counts for nothing from a time on. */
        Revocation: {
            /**
             * Format: int64
             * @description From when, microseconds since 1970 UTC.
             */
            from: number;
            /** @description Why: lost, stolen. */
            reason: string;
        };
        /**
         * @description What a person does. A role is granted for an area, from a day to a day.
         * @enum {string}
         */
        Role: "cadre" | "supervisor" | "admin" | "auditor";
        /** @description What was counted when a list was compared. */
        RosterCounts: {
            /**
             * Format: int64
             * @description How many differences there were.
             */
            differences: number;
            /**
             * Format: int64
             * @description People on it.
             */
            lines: number;
            /**
             * Format: int64
             * @description Those of them who are on it.
             */
            matched: number;
            /**
             * Format: int64
             * @description Members of the area that it was compared with.
             */
            members: number;
            /**
             * Format: int64
             * @description Those who have no ID number on record, and can't be compared.
             */
            without_id: number;
        };
        /** @description How findings stand. */
        RosterStanding: {
            /** Format: int64 */
            corrected: number;
            /** Format: int64 */
            explained: number;
            /** Format: int64 */
            open: number;
        };
        /** @description A list that was compared. */
        RosterView: {
            area: string;
            area_name: string;
            /** @description The day the list is of. */
            as_of: string;
            counts?: components["schemas"]["RosterCounts"] | null;
            department: string;
            /** @description `listed` or `absent` */
            expects: string;
            /** Format: uuid */
            id: string;
            made_at: string;
            made_by: string;
            name: string;
            /** @description How the findings of lists of this name stand now, in the caller's part of the area. */
            now: components["schemas"]["RosterStanding"];
        };
        /** @description An area, with what lies below it counted in. */
        RowView: {
            code: string;
            level: string;
            name: string;
            /** @description By column; none where so few are counted that they are pointed at. */
            values: (components["schemas"]["LedgerFigure"] | null)[];
        };
        /** @description Open findings of a rule. */
        RuleCount: {
            /** Format: int64 */
            open?: number | null;
            rule: string;
        };
        /** @description A household in which a rule would find something new. */
        RuleExample: {
            /** @description Its village. */
            area: string;
            household: string;
            /** @description What it is called. */
            title?: string | null;
        };
        /** @description Rules as they are to be published. */
        RulesPublication: {
            /** @description Why, in the person's words; it is kept with their name. */
            reason: string;
            /** @description With the version after the newest there is. */
            rules: Record<string, unknown>;
        };
        /** @description Rules as they are written. */
        RulesTrial: {
            rules: Record<string, unknown>;
        };
        /** @description What rules would find. */
        RulesTried: {
            as_of: string;
            /** @description Those of them in which the published rules find something. */
            found_now: number;
            /** @description Those in which these would. */
            found_then: number;
            /** @description Households that were looked at. */
            households: number;
            /** @description Rule by rule, in their order; then those that are no longer among them. */
            rules: components["schemas"]["RuleTried"][];
        };
        /** @description What a rule would find. */
        RuleTried: {
            /** @description Of that, what is not found now. */
            added: number;
            /** @description Some of the households where something is added. */
            examples: components["schemas"]["RuleExample"][];
            /** @description What is found now, and would be no longer. */
            gone: number;
            /** @description What people read where it doesn't hold. */
            message: {
                [key: string]: string;
            };
            /** @description What it finds as it is published. */
            now: number;
            /** @description Its id. */
            rule: string;
            /** @description What it would find. */
            then: number;
        };
        /** @description Sample data. */
        Sample: {
            /** @description Objects by group, arrays for repeats, or whole paths. */
            answers: Record<string, unknown>;
        };
        /** @description A sample with what was drawn. */
        SampleFile: {
            items: components["schemas"]["SampleItem"][];
            sample: components["schemas"]["SampleView"];
        };
        /** @description A record that was drawn. */
        SampleItem: {
            /** @description The household that it is about, by its title. */
            household?: string | null;
            /**
             * Format: uuid
             * @description The household's id.
             */
            household_id?: string | null;
            outcomes: components["schemas"]["OutcomeView"][];
            /** @description The household's telephone number. */
            phone?: string | null;
            /** Format: int64 */
            place: number;
            /** Format: uuid */
            record: string;
            stratum: string;
            /** @description The line people recognise it by; nothing of one that is gone, or elsewhere by now. */
            title?: string | null;
            village?: string | null;
        };
        /** @description A sample to draw. */
        SampleRequest: {
            /** @description The area, with all below. */
            area: string;
            /** @description The register. */
            collection: string;
            group_field?: components["schemas"]["u32"] | null;
            /**
             * Format: int64
             * @description How many of each group: 1 to 100.
             */
            per_group: number;
            /** @description Why; it stays with the sample. */
            reason: string;
            /** @description To draw what was drawn once again; a new one is made where it isn't said. */
            seed?: string | null;
        };
        /** @description A sample. */
        SampleView: {
            /**
             * Format: int64
             * @description Of how many something was noted.
             */
            answered: number;
            area: string;
            area_name: string;
            collection: string;
            /** @description The SHA-256 of their ids in order, in hexadecimal digits. */
            digest: string;
            /**
             * Format: int64
             * @description How many were drawn.
             */
            drawn: number;
            drawn_at: string;
            drawn_by: string;
            /**
             * Format: int64
             * @description The field that records are grouped by; by village where there is none.
             */
            group_field?: number | null;
            /** Format: uuid */
            id: string;
            /** Format: int64 */
            per_group: number;
            /**
             * Format: int64
             * @description Records that it was drawn from.
             */
            population: number;
            reason: string;
            /** @description Whoever has it draws the same again. */
            seed: string;
        };
        /** @description A view. */
        SavedView: {
            /** Format: uuid */
            id: string;
            name: string;
            /** @description The query of the screen's address. */
            query: string;
        };
        /** @description A sensitive value that a record is looked for by. */
        Search: {
            /** @description The register. */
            collection: string;
            /** @description The field's name. */
            field: string;
            /** @description Why, in the person's words; it is kept with their name. */
            reason: string;
            /** @description The whole value; of a citizen ID number the last four characters are enough. */
            value: string;
        };
        /** @description What came of it. */
        Settled: {
            conflict: components["schemas"]["Conflict"];
            /** @description Conflicts that arose since somebody had written there meanwhile. */
            raised: string[];
        };
        /** @description How a person settles a conflict. */
        Settlement: {
            choice: components["schemas"]["Choice"];
            /** @description The new values by field id, for `edit`. */
            fields?: Record<string, unknown> | null;
            /** @description Why, in the person's words. */
            reason: string;
            /** @description The version of the conflict that the person saw. */
            version: Record<string, unknown>[];
        };
        /** @description One of the two values. */
        Side: {
            /**
             * Format: int64
             * @description When, by the tablet's clock: milliseconds since 1970 UTC.
             */
            at: number;
            /**
             * Format: uuid
             * @description Whose it is.
             */
            author?: string | null;
            /** @description Their name. */
            author_name?: string | null;
            /** @description By field id. */
            values: Record<string, unknown>;
        };
        /** @description A name and a password. */
        SignIn: {
            /**
             * @description The code of the authenticator app, where the person has one (`code-needed`), or one of the
             *     recovery codes.
             */
            code?: string | null;
            login: string;
            password: string;
        };
        /** @description Whether a tablet may work, and whether its person may. */
        Standing: {
            /** @description Whether the person's account is switched off. */
            is_disabled: boolean;
            tablet: components["schemas"]["DeviceState"];
        };
        /** @description How a task is to be. */
        TaskChange: {
            due?: string | null;
            status: components["schemas"]["TaskState"];
            title: string;
            /** @description `[epoch, n]`: the version the person saw. */
            version: Record<string, unknown>[];
            /** @description What is to be kept with it; nothing where it is empty. */
            words?: string;
        };
        /** @description What a task is now. */
        TaskChanged: {
            /** @description `[epoch, n]` */
            version: Record<string, unknown>[];
        };
        /** @description How far the tasks have come, in the order of the tree. */
        TaskCounts: {
            areas: components["schemas"]["AreaTasks"][];
            as_of: string;
            /** @description Of everything that was asked for. */
            total: components["schemas"]["TaskTally"];
        };
        /** @description A task on a list. */
        TaskLine: {
            /** @description The household's title. */
            household?: string | null;
            task: components["schemas"]["RecordView"];
            /** @description The village's name. */
            village?: string | null;
        };
        /** @description A page of tasks. */
        TaskPage: {
            items: components["schemas"]["TaskLine"][];
            /** @description Where the next page starts; absent on the last. */
            next?: string | null;
        };
        /** @description A task that was set. */
        TaskSet: {
            /** Format: uuid */
            id: string;
            /** @description `[epoch, n]` */
            version: Record<string, unknown>[];
        };
        /** @description What came of it. */
        TasksSet: {
            /** @description How many it had set before. */
            already: number;
            /** @description The tasks of these households, those that the batch had set before among them. */
            tasks: components["schemas"]["TaskSet"][];
        };
        /**
         * @description Where a task stands.
         * @enum {string}
         */
        TaskState: "open" | "done" | "dropped";
        /** @description How far the tasks of a village have come. */
        TaskTally: {
            /** Format: int64 */
            done: number;
            /** Format: int64 */
            dropped: number;
            /** Format: int64 */
            open: number;
            /**
             * Format: int64
             * @description Of the open ones, those that were due before today.
             */
            overdue: number;
        };
        /** @description The template of a notification. */
        TemplateName: {
            name: string;
            /** Format: int32 */
            version: number;
        };
        /** @description A text. */
        TextView: {
            /** @description None for the words themselves, else `guidance`, `image`, `audio`, … */
            form?: string | null;
            /** @description What it is of: `/data/name:label`. */
            id: string;
            /** @description By language; none where it is missing. */
            words: (string | null)[];
        };
        /** @description A pair of tokens. */
        Tokens: {
            /** @description For the `Authorization: Bearer` header; valid for a few minutes. */
            access_token: string;
            /**
             * Format: int64
             * @description Seconds until the access token expires.
             */
            expires_in: number;
            /** @description To get the next pair with, once. */
            refresh_token: string;
        };
        /** @description Visits that were made with the version before. */
        Touched: {
            /** @description Of those tried: how many have an answer without a place there. */
            broken: number;
            /**
             * Format: int64
             * @description Those that may still be changed, by a person who returns them or is asked to.
             */
            open: number;
            /** @description How many of these were tried in the version after, the newest first. */
            tried: number;
            /**
             * Format: int64
             * @description All of them, in the caller's areas.
             */
            visits: number;
        };
        /** @description What a version says in its languages. */
        Translations: {
            /** @description The languages, the default one first. */
            languages: string[];
            /** @description Every text that has an id. */
            texts: components["schemas"]["TextView"][];
        };
        /** @description What came of it. */
        Trial: {
            /** @description The answers as they would be stored. */
            answers: Record<string, unknown>;
            /** @description Expressions that were given up, and statuses that no record could get. */
            failures: string[];
            /** @description What is wrong, and why. */
            invalid: Record<string, unknown>[];
            /** @description Lists that are not there. */
            missing_files: string[];
            /** @description Whether everything was taken and nothing is wrong. */
            passed: boolean;
            /** @description What is wrong between the form and its files; with an error among it, nothing passes. */
            problems: Record<string, unknown>[];
            /** @description The submission (XML). */
            submission: string;
            /** @description Answers that no question took, and why. */
            untaken: Record<string, unknown>[];
        };
        /** Format: int32 */
        u32: number;
        /** @description Something that a household waits for. */
        Undelivered: {
            /** @description The village. */
            area: string;
            due_on?: string | null;
            /** Format: uuid */
            household?: string | null;
            /** @description The line people recognise the household by. */
            household_title?: string | null;
            /** Format: uuid */
            record: string;
            title?: string | null;
            village: string;
        };
        /** @description A household that was not visited. */
        Unvisited: {
            /** @description The village. */
            area: string;
            /** Format: uuid */
            household: string;
            /** @description The line people recognise the household by. */
            title?: string | null;
            tried?: components["schemas"]["VisitOutcome"] | null;
            village: string;
        };
        /** @description What became of an upload. */
        Uploaded: {
            form: components["schemas"]["FormView"];
            found: components["schemas"]["Found"];
            /** @description The version. */
            hash: string;
            /** @description Files it asks for that it doesn't have: it can't be published until they are uploaded. */
            missing_files: string[];
            /**
             * @description Registers of packs that it writes to and may not, and fields they don't have
             *     (`household.colour`): nor before a pack has them.
             */
            missing_registers: string[];
            /** @description Registers that begin, or get more fields, when it is published. */
            registers_made: string[];
            /** @description Files that were sent and that it doesn't ask for; they were not kept. */
            unused_files: string[];
        };
        /**
         * @description What a reviewer decides.
         * @enum {string}
         */
        Verdict: "approved" | "returned" | "rejected" | "reopened" | "flagged" | "undone";
        /** @description All there is to know of a version. */
        VersionDetail: components["schemas"]["VersionView"] & {
            /** @description What goes with it. */
            files: Record<string, unknown>[];
            languages: string[];
            /** @description Files it asks for that it doesn't have. */
            missing_files: string[];
            /**
             * @description Registers of packs that it writes to and may not, and fields they don't have
             *     (`household.colour`).
             */
            missing_registers: string[];
            /** @description Registers that begin, or get more fields, when it is published. */
            registers_made: string[];
            /** @description What it was made from. */
            source: Record<string, unknown>;
            /** @description What it holds, counted. */
            summary: Record<string, unknown>;
            /** @description Whether the last trial with sample data passed; none if there was none. */
            trial_passed?: boolean | null;
        };
        /**
         * @description Where a version stands.
         * @enum {string}
         */
        VersionState: "draft" | "published" | "retired";
        /** @description A version. */
        VersionView: {
            added_at: string;
            added_by?: string | null;
            /** @description Its address, and what visits name. */
            hash: string;
            /**
             * Format: int64
             * @description Counts the form's versions.
             */
            ordinal: number;
            state: components["schemas"]["VersionState"];
            title: string;
            /** @description As its author writes it. */
            version: string;
        };
        /** @description How far a village has come. */
        Village: {
            /** @description Its code. */
            area: string;
            /**
             * Format: int64
             * @description Of those that were told: the household has a copy, or wanted none.
             */
            copies?: number | null;
            name: string;
            /**
             * Format: int64
             * @description Told, and signed on paper.
             */
            paper?: number | null;
            /**
             * Format: int64
             * @description Told, and not signed.
             */
            refused?: number | null;
            /**
             * Format: int64
             * @description Told, and signed on the tablet.
             */
            signed?: number | null;
            /**
             * Format: int64
             * @description Not told yet.
             */
            to_tell?: number | null;
            /**
             * Format: int64
             * @description How many there are to be told of; none, like what follows, where it is so few that it points
             *     at people.
             */
            total?: number | null;
        };
        /** @description What came of a decision. */
        VisitDecided: {
            /** @description Another person has to pass it, too. */
            needs_second: boolean;
            /** @description Where it stands now. */
            status: string;
            /** @description `[epoch, n]`: the visit's version now. */
            version: Record<string, unknown>[];
        };
        /** @description A visit with everything that a reviewer looks at. */
        VisitFile: {
            arrived_at?: string | null;
            claim?: components["schemas"]["Claim"] | null;
            /** @description Earlier visits of the household, the newest first. */
            earlier: components["schemas"]["RecordView"][];
            /** @description Whatever was found, open or not. */
            findings: components["schemas"]["RecordView"][];
            household?: components["schemas"]["RecordView"] | null;
            /** @description Who made it. */
            made_by?: string | null;
            /** @description The titles of records that the answers name by id. */
            names: {
                [key: string]: string;
            };
            /** @description Who has passed it already, where two must. */
            passes: components["schemas"]["Pass"][];
            photos: components["schemas"]["PhotoView"][];
            village?: string | null;
            visit: components["schemas"]["RecordView"];
        };
        /** @description A visit on a list. */
        VisitLine: {
            /** @description The household's title. */
            household?: string | null;
            /** @description The rules of the open findings about it. */
            open: string[];
            /** @description The village's name. */
            village?: string | null;
            visit: components["schemas"]["RecordView"];
        };
        /**
         * @description What came of going to a household.
         * @enum {string}
         */
        VisitOutcome: "visited" | "declined" | "absent" | "rejected";
        /** @description How many visits wait. */
        WaitingCount: {
            waiting: number;
        };
        /** @enum {string} */
        What: "apply" | "discard";
        /** @description Somebody who saw it. */
        WitnessView: {
            name: string;
            /** @description As the signature. */
            signature?: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "get /.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /.well-known/ruhu-notice-keys.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /.well-known/ruhu-notice-log.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The head */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /.well-known/ruhu-notice-log/consistency": {
        parameters: {
            query: {
                /** @description The size that was kept elsewhere. */
                from: number;
                /** @description The size now. */
                to: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Consistency"];
                };
            };
        };
    };
    "get /api/v1/accesses": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description What was looked at: a record's or notification's id, a photo's hash, a register's name. */
                subject?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AccessLine"];
                };
            };
        };
    };
    "get /api/v1/accesses.csv": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description What was looked at: a record's or notification's id, a photo's hash, a register's name. */
                subject?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description CSV */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/areas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Area"][];
                };
            };
        };
    };
    "post /api/v1/areas/{code}/close": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description area-in-use, with `records` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/areas/import": {
        parameters: {
            query?: {
                /** @description Whether it is only told what would be done. */
                dry_run?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": number[];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Imported"];
                };
            };
            /** @description areas-invalid, with `problems`: the lines and what is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/audit": {
        parameters: {
            query?: {
                /** @description What was done: `grant`, `release_form` … */
                action?: string | null;
                /** @description The last `position` of the page before; absent for the newest. */
                before?: number | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description To whom or what: a person's id, a form's, an area's code. */
                subject?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditLine"][];
                };
            };
        };
    };
    "get /api/v1/audit.csv": {
        parameters: {
            query?: {
                /** @description What was done: `grant`, `release_form` … */
                action?: string | null;
                /** @description The last `position` of the page before; absent for the newest. */
                before?: number | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description To whom or what: a person's id, a form's, an area's code. */
                subject?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description CSV */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/audit/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditCheck"];
                };
            };
        };
    };
    "get /api/v1/bundles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BundleView"][];
                };
            };
        };
    };
    "get /api/v1/conflicts": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /**
                 * @description Why sensitive values are needed, in the person's words; it is kept with their name. Without
                 *     it they are masked.
                 */
                reason?: string | null;
                /** @description All where absent. */
                state?: ("open" | "kept" | "swapped" | "edited") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Conflict"];
                };
            };
        };
    };
    "get /api/v1/conflicts/{id}": {
        parameters: {
            query?: {
                /** @description Why, in the person's words; it is kept with their name. Without it they are masked. */
                reason?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conflict"];
                };
            };
        };
    };
    "post /api/v1/conflicts/{id}/settle": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Settlement"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Settled"];
                };
            };
        };
    };
    "get /api/v1/definitions": {
        parameters: {
            query: {
                /** @description `register`, `notice` or `rules`. */
                kind: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DefinitionView"][];
                };
            };
        };
    };
    "get /api/v1/deliveries": {
        parameters: {
            query: {
                /** @description An area; everywhere the caller may look, where it isn't said. */
                area?: string | null;
                /** @description The name of the notification's template. */
                template: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deliveries"];
                };
            };
        };
    };
    "get /api/v1/deliveries/undelivered": {
        parameters: {
            query: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description An area; everywhere the caller may look, where it isn't said. */
                area?: string | null;
                /** @description `notice`: the household was not told; `copy`: it was, and has no copy. */
                lacking?: ("notice" | "copy") | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description The name of the notification's template. */
                template: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Undelivered"];
                };
            };
        };
    };
    "get /api/v1/devices": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DeviceRow"];
                };
            };
        };
    };
    "post /api/v1/devices/{id}/block": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/devices/{id}/log": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Line"];
                };
            };
        };
    };
    "post /api/v1/devices/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/devices/{id}/revocations": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Revocation"];
            };
        };
        responses: {
            /** @description It is so */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/devices/{id}/wipe": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/devices/enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Enrol"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Enrolment"];
                };
            };
        };
    };
    "post /api/v1/devices/hand-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The file, as it was exported */
        requestBody: {
            content: {
                "application/x-ndjson": string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HandedIn"];
                };
            };
            /** @description hand-in-refused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/enrolment-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CodeFor"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Code"];
                };
            };
        };
    };
    "get /api/v1/erasures": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Erased"];
                };
            };
        };
    };
    "get /api/v1/findings": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description Only those of this area and below. */
                area?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description Only those of this rule. */
                rule?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_OpenFinding"];
                };
            };
        };
    };
    "post /api/v1/findings/{id}/answers": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AnswerRequest"];
            };
        };
        responses: {
            /** @description It is kept */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description stale-view, or not-applicable: it must be mended, not explained */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/forms": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_FormView"];
                };
            };
        };
    };
    "post /api/v1/forms": {
        parameters: {
            query?: {
                /** @description The code of the area whose form it is; may be left out by who looks after one only. */
                area?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["Parts"];
            };
        };
        responses: {
            /** @description This very version was there */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Uploaded"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Uploaded"];
                };
            };
            /** @description form-invalid: with all `problems`, and nothing is stored */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/forms/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FormView"];
                };
            };
        };
    };
    "get /api/v1/forms/{id}/answers.xlsx": {
        parameters: {
            query: {
                /** @description Only those of this area and below. */
                area?: string | null;
                /**
                 * @description Whether photos and other files go along, under `media/` in the archive; originals, with what
                 *     their cameras wrote into them.
                 */
                files?: boolean;
                /** @description The first day that visits were received on (`2026-11-16`); with `until`. */
                from?: string | null;
                /** @description Why the answers are needed, in the person's words; it is kept with their name. */
                reason: string;
                /** @description Whether a question with several answers has a column for each choice. */
                split?: boolean;
                /** @description Where the visits stand, several with commas between; anywhere, where it isn't said. */
                status?: string | null;
                /** @description The last day. */
                until?: string | null;
                /** @description `names` (unless said) or `labels`. */
                wording?: ("names" | "labels") | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description XLSX */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/forms/{id}/answers.zip": {
        parameters: {
            query: {
                /** @description Only those of this area and below. */
                area?: string | null;
                /**
                 * @description Whether photos and other files go along, under `media/` in the archive; originals, with what
                 *     their cameras wrote into them.
                 */
                files?: boolean;
                /** @description The first day that visits were received on (`2026-11-16`); with `until`. */
                from?: string | null;
                /** @description Why the answers are needed, in the person's words; it is kept with their name. */
                reason: string;
                /** @description Whether a question with several answers has a column for each choice. */
                split?: boolean;
                /** @description Where the visits stand, several with commas between; anywhere, where it isn't said. */
                status?: string | null;
                /** @description The last day. */
                until?: string | null;
                /** @description `names` (unless said) or `labels`. */
                wording?: ("names" | "labels") | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ZIP of CSV */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/forms/{id}/diff": {
        parameters: {
            query: {
                /** @description The version before. */
                from: string;
                /** @description The version after. */
                to: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Difference"];
                };
            };
        };
    };
    "post /api/v1/forms/{id}/releases": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReleaseRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FormView"];
                };
            };
        };
    };
    "get /api/v1/forms/{id}/versions/{hash}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionDetail"];
                };
            };
        };
    };
    "get /api/v1/forms/{id}/versions/{hash}/source": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/forms/{id}/versions/{hash}/translations": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Translations"];
                };
            };
        };
    };
    "post /api/v1/forms/{id}/versions/{hash}/trials": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Sample"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trial"];
                };
            };
        };
    };
    "get /api/v1/forms/{id}/versions/{hash}/visits/{visit}": {
        parameters: {
            query?: {
                /** @description Why, in the person's words; it is kept with their name. */
                reason?: string | null;
            };
            header?: never;
            path: {
                hash: string;
                id: string;
                visit: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Carried"];
                };
            };
        };
    };
    "get /api/v1/forms/{id}/versions/{hash}/xform": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The XForm */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/forms/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["Parts"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Found"];
                };
            };
            /** @description form-invalid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/households/{id}/erasure": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Erasure"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Extent"];
                };
            };
        };
    };
    "get /api/v1/households/{id}/holding": {
        parameters: {
            query: {
                /** @description Why, in the person's words; it is kept with their name. */
                reason: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Holding"];
                };
            };
        };
    };
    "post /api/v1/jobs/{id}/requeue": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is due */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/jobs/dead": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DeadJob"];
                };
            };
        };
    };
    "get /api/v1/ledgers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LedgerLine"][];
                };
            };
        };
    };
    "get /api/v1/ledgers/{name}": {
        parameters: {
            query: {
                /** @description Only this area and below. */
                area?: string | null;
                /** @description The first day of the period (`2026-11-16`). */
                from: string;
                /** @description Its last day. */
                until: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LedgerView"];
                };
            };
        };
    };
    "get /api/v1/ledgers/{name}/sheet.csv": {
        parameters: {
            query: {
                /** @description Only this area and below. */
                area?: string | null;
                /** @description The first day of the period (`2026-11-16`). */
                from: string;
                /** @description Its last day. */
                until: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description CSV */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/ledgers/{name}/sheet.xlsx": {
        parameters: {
            query: {
                /** @description Only this area and below. */
                area?: string | null;
                /** @description The first day of the period (`2026-11-16`). */
                from: string;
                /** @description Its last day. */
                until: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description XLSX */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events `change` with the scopes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
        };
    };
    "get /api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
        };
    };
    "post /api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChange"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description sign-in-refused: the old one is wrong */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description password-common: the new one is easily guessed */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/me/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Factor"];
                };
            };
        };
    };
    "post /api/v1/me/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Offer"];
                };
            };
            /** @description not-applicable: there is one */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "delete /api/v1/me/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FactorCode"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description code-refused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/me/second-factor/confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FactorCode"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            /** @description code-refused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSession"][];
                };
            };
        };
    };
    "delete /api/v1/me/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/me/views": {
        parameters: {
            query: {
                /** @description The screen they are of: `visits`. */
                screen: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SavedView"][];
                };
            };
        };
    };
    "put /api/v1/me/views": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewView"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SavedView"];
                };
            };
        };
    };
    "delete /api/v1/me/views/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/media/{hash}": {
        parameters: {
            query?: {
                /**
                 * @description Why, in the person's words; it is kept with their name. Without it a photo comes without what
                 *     its file says about people, places and times.
                 */
                reason?: string | null;
            };
            header?: never;
            path: {
                hash: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Those that were asked for (`Range`) */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description reason-needed: the file can't be given out without what it says */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/media/{hash}/thumbnails/{size}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
                size: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description unavailable: the photo has not been looked at yet */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/notices": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description An area; everywhere the caller may look, where it isn't said. */
                area?: string | null;
                /** @description Only those of households whose line has these words in it. */
                household?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /**
                 * @description `logged`: countersigned and in the log, the newest first; `open`: not in it, because a photo
                 *     is still to come or something is wrong.
                 */
                standing?: ("logged" | "open") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_NoticeLine"];
                };
            };
        };
    };
    "get /api/v1/notices/{id}": {
        parameters: {
            query?: {
                /** @description Why, in the person's words; it is kept with their name. A tablet needs none. */
                reason?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoticeView"];
                };
            };
        };
    };
    "get /api/v1/notices/{id}/receipt": {
        parameters: {
            query?: {
                /** @description Why, in the person's words; it is kept with their name. A tablet needs none. */
                reason?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiptView"];
                };
            };
        };
    };
    "get /api/v1/notices/{id}/sheet.pdf": {
        parameters: {
            query?: {
                /** @description Why, in the person's words; it is kept with their name. A tablet needs none. */
                reason?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file (PDF) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/notices/prints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Order"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Print"];
                };
            };
        };
    };
    "get /api/v1/notices/prints/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Print"];
                };
            };
        };
    };
    "get /api/v1/notices/prints/{id}/{part}.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                part: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file (PDF) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/notices/templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Publication"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DefinitionVersion"];
                };
            };
            /** @description stale-view: somebody published a version meanwhile; `newest` is its number */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description template-invalid: `problems` has each, with `paragraph` and `words` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/notices/templates/{hash}/sample.pdf": {
        parameters: {
            query?: {
                /** @description A BCP 47 tag; `zh-CN` where it isn't said. */
                language?: string | null;
            };
            header?: never;
            path: {
                hash: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file (PDF) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/notices/templates/sample.pdf": {
        parameters: {
            query?: {
                /** @description A BCP 47 tag; `zh-CN` where it isn't said. */
                language?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/toml": string;
            };
        };
        responses: {
            /** @description The file (PDF) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description template-invalid: `problems` has each, with `paragraph` and `words` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/overview": {
        parameters: {
            query: {
                /** @description Only this area and below. */
                area?: string | null;
                /** @description The first day of the period (`2026-11-01`). */
                from: string;
                /** @description Its last day; 92 days at most. */
                until: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
        };
    };
    "get /api/v1/overview/unvisited": {
        parameters: {
            query: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description Only this area and below. */
                area?: string | null;
                /** @description The first day of the period. */
                from: string;
                /** @description How many at most. */
                limit?: number | null;
                /** @description Its last day. */
                until: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Unvisited"];
                };
            };
        };
    };
    "get /api/v1/packs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PackView"][];
                };
            };
        };
    };
    "post /api/v1/packs": {
        parameters: {
            query?: {
                /** @description Whether it is only told what would change. */
                dry_run?: boolean;
                /** @description Why, in the person's words; it is kept with their name. Needed where it is done. */
                reason?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/zip": number[];
            };
        };
        responses: {
            /** @description What changed, or would */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Installed"];
                };
            };
            /** @description pack-invalid: `problems` has each, with `file` and `words` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/packs/{name}/back": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GoingBack"];
            };
        };
        responses: {
            /** @description What went back, or would */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GoneBack"];
                };
            };
        };
    };
    "get /api/v1/people": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_PersonView"];
                };
            };
        };
    };
    "post /api/v1/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPerson"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Issued"];
                };
            };
            /** @description login-taken */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/people/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description not-oneself */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/people/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/people/{id}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewGrant"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "delete /api/v1/people/{id}/grants/{grant}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                grant: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/people/{id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Issued"];
                };
            };
        };
    };
    "get /api/v1/quarantine": {
        parameters: {
            query?: {
                /** @description The last one of the page before, as `INCARNATION/SEQ`; absent for the first page. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /**
                 * @description Why sensitive values are needed, in the person's words; it is kept with their name. Without
                 *     it they are masked.
                 */
                reason?: string | null;
                /** @description Whether those that somebody has decided about are wanted, too. */
                settled?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Held"][];
                };
            };
        };
    };
    "post /api/v1/quarantine/{incarnation}/{seq}/settle": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                incarnation: string;
                seq: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Decision"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Decided"];
                };
            };
        };
    };
    "get /api/v1/records": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description Only those of this area and below. */
                area?: string | null;
                /** @description The register; all of them where it isn't said, which is asked about one record only. */
                collection?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /**
                 * @description Why sensitive values are needed, in the person's words; it is kept with their name. Without
                 *     it they are masked.
                 */
                reason?: string | null;
                /** @description Only what belongs to this record. */
                subject?: string | null;
                /** @description Only those whose line has these words in it. */
                title?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_RecordView"];
                };
            };
        };
    };
    "get /api/v1/records.csv": {
        parameters: {
            query: {
                /** @description Only those of this area and below. */
                area?: string | null;
                /** @description The register. */
                collection: string;
                /**
                 * @description Why sensitive values are needed, in the person's words; it is kept with their name. Without
                 *     it they have no columns.
                 */
                reason?: string | null;
                /** @description `names` (unless said) or `labels`. */
                wording?: ("names" | "labels") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description CSV */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/records.xlsx": {
        parameters: {
            query: {
                /** @description Only those of this area and below. */
                area?: string | null;
                /** @description The register. */
                collection: string;
                /**
                 * @description Why sensitive values are needed, in the person's words; it is kept with their name. Without
                 *     it they have no columns.
                 */
                reason?: string | null;
                /** @description `names` (unless said) or `labels`. */
                wording?: ("names" | "labels") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description XLSX */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/records/{id}": {
        parameters: {
            query?: {
                /** @description Why, in the person's words; it is kept with their name. Without it they are masked. */
                reason?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordView"];
                };
            };
        };
    };
    "get /api/v1/records/{id}/history": {
        parameters: {
            query?: {
                /** @description Why, in the person's words; it is kept with their name. Without it they are masked. */
                reason?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HistoryLine"][];
                };
            };
        };
    };
    "post /api/v1/records/import": {
        parameters: {
            query: {
                /** @description The code of the village of lines that name none. */
                area?: string | null;
                /** @description The register. */
                collection: string;
                /**
                 * @description What columns are that are called otherwise: a JSON object of fields' names (or `Area`,
                 *     `Township`, `KEY`, or nothing, where a column is left out) by the columns' titles.
                 */
                columns?: string;
                /** @description Whether it is only looked at. */
                dry_run?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": number[];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordsImported"];
                };
            };
            /** @description import-invalid, with `problems` and how many lines are `wrong` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/records/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Search"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordView"][];
                };
            };
        };
    };
    "get /api/v1/registers/importable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportableRegister"][];
                };
            };
        };
    };
    "get /api/v1/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Period"][];
                };
            };
        };
    };
    "put /api/v1/retention/{collection}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                collection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPeriod"];
            };
        };
        responses: {
            /** @description It is so */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/retention/dry-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Expired"][];
                };
            };
        };
    };
    "get /api/v1/retention/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pause"];
                };
            };
        };
    };
    "post /api/v1/review/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Queue"];
                };
            };
        };
    };
    "delete /api/v1/review/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "put /api/v1/review/claims/{visit}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                visit: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description claimed: somebody else looks at it; own-work */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/review/claims/{visit}/look": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                visit: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/review/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Policy"];
                };
            };
        };
    };
    "put /api/v1/review/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPolicy"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/review/waiting": {
        parameters: {
            query?: {
                /** @description Only of this area and below. */
                area?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaitingCount"];
                };
            };
        };
    };
    "get /api/v1/rosters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RosterView"][];
                };
            };
        };
    };
    "post /api/v1/rosters": {
        parameters: {
            query: {
                /** @description The code of the area whose members it is compared with. */
                area: string;
                /** @description The day it is of, as `2026-11-20`. */
                as_of: string;
                /** @description Who sent it. */
                department: string;
                /** @description The column that is shown to those who find out. */
                detail?: string | null;
                /** @description `listed`: all members are on it; `absent`: none is. */
                expects: "listed" | "absent";
                /**
                 * @description What the department calls it. The next list of this name takes its place: what it differs in
                 *     no longer is corrected.
                 */
                name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": number[];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RosterView"];
                };
            };
            /** @description too-large: so many differences are a mistake in the list */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description roster-invalid, with `problems` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/rosters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RosterView"];
                };
            };
        };
    };
    "get /api/v1/rosters/{id}/differences": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description Where they stand; all of them, where it isn't said. */
                status?: ("open" | "explained" | "corrected") | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DifferenceLine"];
                };
            };
        };
    };
    "get /api/v1/rosters/{id}/reply.csv": {
        parameters: {
            query?: {
                /**
                 * @description Why the ID numbers are needed, in the person's words; it is kept with their name. Without it
                 *     there are none.
                 */
                reason?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description CSV */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/rosters/compare": {
        parameters: {
            query: {
                /** @description The code of the area whose members it is compared with. */
                area: string;
                /** @description The day it is of, as `2026-11-20`. */
                as_of: string;
                /** @description Who sent it. */
                department: string;
                /** @description The column that is shown to those who find out. */
                detail?: string | null;
                /** @description `listed`: all members are on it; `absent`: none is. */
                expects: "listed" | "absent";
                /**
                 * @description What the department calls it. The next list of this name takes its place: what it differs in
                 *     no longer is corrected.
                 */
                name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": number[];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ComparisonView"];
                };
            };
            /** @description roster-invalid, with `problems` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RulesPublication"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DefinitionVersion"];
                };
            };
            /** @description stale-view: somebody published a version meanwhile; `newest` is its number */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description rules-invalid: `problems` has each, with `rule` and `words` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/rules/trial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RulesTrial"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulesTried"];
                };
            };
            /** @description rules-invalid: `problems` has each, with `rule` and `words` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/samples": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SampleView"][];
                };
            };
        };
    };
    "post /api/v1/samples": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SampleRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SampleFile"];
                };
            };
        };
    };
    "get /api/v1/samples/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SampleFile"];
                };
            };
        };
    };
    "post /api/v1/samples/{id}/items/{place}/outcomes": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                place: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OutcomeRequest"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            /** @description sign-in-refused; or, where the password is right, code-needed: a code of the authenticator app is asked for, and code-wrong: another one is */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "delete /api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/session/confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Proof"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description sign-in-refused, code-needed or code-wrong */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /api/v1/session/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Refresh"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
        };
    };
    "get /api/v1/tasks": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. */
                after?: string | null;
                /** @description Only those of this area and below. */
                area?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description Only those that were due before today. */
                overdue?: boolean;
                /** @description Where they stand; open, where it isn't said. */
                status?: ("open" | "done" | "dropped") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskPage"];
                };
            };
        };
    };
    "post /api/v1/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTasks"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TasksSet"];
                };
            };
        };
    };
    "put /api/v1/tasks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TaskChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskChanged"];
                };
            };
            /** @description stale-view; not-applicable: what was dropped stays so */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/tasks/counts": {
        parameters: {
            query?: {
                /** @description Only those of this area and below. */
                area?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskCounts"];
                };
            };
        };
    };
    "get /api/v1/visits": {
        parameters: {
            query?: {
                /** @description The `next` of the page before; absent for the first. What was received last comes first. */
                after?: string | null;
                /** @description Only those of this area and below. */
                area?: string | null;
                /** @description Only those of this household. */
                household?: string | null;
                /** @description How many at most. */
                limit?: number | null;
                /** @description What is open about them. */
                mark?: ("flagged" | "invalid" | "unanswered" | "commented") | null;
                /** @description Where they stand, several with commas between. */
                status?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_VisitLine"];
                };
            };
        };
    };
    "get /api/v1/visits/{id}": {
        parameters: {
            query?: {
                /** @description Why, in the person's words; it is kept with their name. Without it they are masked. */
                reason?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VisitFile"];
                };
            };
        };
    };
    "post /api/v1/visits/{id}/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VisitDecided"];
                };
            };
            /** @description stale-view; claimed: somebody else looks at it; passed-already, own-work: another person must; not-applicable: there is nothing to decide */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /api/v1/visits/counts": {
        parameters: {
            query?: {
                /** @description Only those of this area and below. */
                area?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Counts"];
                };
            };
        };
    };
    "get /healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "post /sync/v1/blobs/missing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Hashes"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hashes"];
                };
            };
        };
    };
    "get /sync/v1/bundles/{hash}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /sync/v1/conflicts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conflict"];
                };
            };
        };
    };
    "get /sync/v1/forms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferedForm"][];
                };
            };
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /sync/v1/forms/{hash}/files/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hash: string;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /sync/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events `change` with the scopes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
        };
    };
    "get /sync/v1/standing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Standing"];
                };
            };
        };
    };
    "post /sync/v1/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A SyncRequest as JSON or CBOR; gzip, zstd and dcz are taken */
        requestBody: {
            content: {
                "application/json": Record<string, unknown>;
            };
        };
        responses: {
            /** @description A SyncResponse */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, unknown>;
                };
            };
        };
    };
    "post /sync/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "options /sync/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "delete /sync/v1/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "head /sync/v1/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It can't be completed yet */
            423: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "patch /sync/v1/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    "get /verify": {
        parameters: {
            query?: {
                /** @description The content of the QR code, or a receipt. */
                receipt?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page (HTML) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
