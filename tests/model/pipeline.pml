/*
 * The job pipeline, small enough that spin visits every state of it.
 *
 * Steps bear the names of the code: the queries of store/sql/jobs.sql and leases.sql, the methods
 * of worker/loop.py, worker/dispatcher.py and broker/streams.py. One atomic { } is one transaction
 * of PostgreSQL or one command of Redis; between two of them anything may happen.
 *
 * There is no clock. Whatever takes time may take any time, so a paused process needs no step of
 * its own: it is one that the others overtake.
 *
 * A worker has one job at a time here; tests/integration/test_jobs_batches.py is about batches.
 *
 * -DNO_... removes a safeguard; tests/contract/test_model.py expects spin to notice.
 */

#ifndef FAULTS
#define FAULTS 2        /* in one run, of these kinds, in any order and at any moment: */
#endif
#ifndef CRASH
#define CRASH 1         /* kill -9 of a worker; a new one starts */
#endif
#ifndef PAUSE
#define PAUSE 1         /* a lease runs out while its worker lives: it slept, and wakes up */
#endif
#ifndef DEATH
#define DEATH 1         /* the leading dispatcher dies before a commit; another leads */
#endif
#ifndef FLUSH
#define FLUSH 1         /* FLUSHALL, or Redis started anew without its file */
#endif
#ifndef LOSS
#define LOSS 1          /* Redis forgets one entry and nothing else: the end of its log */
#endif
#ifndef FORGET
#define FORGET 1        /* PostgreSQL crashes before a claim (synchronous_commit off) is on disk */
#endif
#ifndef ERROR
#define ERROR 1         /* an attempt fails with something that may pass */
#endif
#ifndef REDRIVE
#define REDRIVE 1       /* no fault, but counted like one */
#endif
#ifndef CANCEL
#define CANCEL 1        /* not counted: a job ends by it */
#endif
#ifndef PLAN
#define PLAN 1          /* the effect is made of what an earlier transaction wrote: an import */
#endif
#ifndef JOBS
#define JOBS 1          /* clients, each with one Idempotency-Key and one job in mind */
#endif
#ifndef API_PUBLISHES
#define API_PUBLISHES 1 /* 0: only the relay does */
#endif
#ifndef ENTRIES
#define ENTRIES 2       /* room in the stream; a full one refuses, as with maxmemory */
#endif

#define ROWS 2       /* with one client the second row is there for the mistake NO_KEY */
#define WORKERS 2
#define MAX_CRASHES 3

mtype:status = { queued, running, completed, dead, cancelled };

typedef Row {
    mtype:status status; /* 0: there is no such row */
    byte attempt;
    byte crash_count;
    byte holder;         /* the column `worker` */
    bool published;      /* published_at IS NOT NULL */
    bool leased;         /* lease_until >= now() */
    bool locked;         /* by the relay, from lock_unpublished to its commit */
    bool forgettable;    /* the claim is committed, but not on disk */
    byte plan;           /* whose import_results stand there: the effect is made of them */
    byte effects;
    byte lost_leases     /* by faults: the reaper may charge no more */
};

Row jobs[ROWS + 1];         /* ids start at 1, as all numbers here do; 0 is none */
byte last_id;
byte key_job[JOBS + 1];
byte stream[ENTRIES + 1];   /* ids of jobs; an entry stays until it is acknowledged */
bool same_epoch = true;     /* the word in Redis is that of broker_epoch */
bool epoch_started;         /* start_epoch is done, its transaction not committed */
byte in_hand[WORKERS + 1];  /* the entry that a worker will acknowledge */

byte faults = FAULTS;       /* that are left */

byte i, free, gone; /* of one step; 0 between steps */

#define OPEN(id) (jobs[id].status == queued || jobs[id].status == running)
#define ENDED(id) (jobs[id].status == completed || jobs[id].status == dead \
                   || jobs[id].status == cancelled)
#define REDRIVABLE(id) (jobs[id].status == dead || jobs[id].status == cancelled)
#define UNPUBLISHED(id) (jobs[id].status == queued && !jobs[id].published)
#define WAITING(id) (jobs[id].status == queued && !jobs[id].locked)
#if ENTRIES == 2
#define ROOM (stream[1] == 0 || stream[2] == 0)
#else
#define ROOM (stream[1] == 0 || stream[2] == 0 || stream[3] == 0)
#endif
#define MAY(kind) (kind && faults > 0)

/*
 * The fence. A worker does one thing at a time, so its name alone would do here; its heartbeat and
 * its batches are why the attempt is named, too.
 */
#if defined(NO_FENCE)
#define MINE true
#elif defined(ONLY_STATUS_IN_FENCE)
#define MINE (jobs[id].status == running)
#elif defined(NO_WORKER_IN_FENCE)
#define MINE (jobs[id].status == running && jobs[id].attempt == attempt)
#else
#define MINE (jobs[id].status == running && jobs[id].attempt == attempt && jobs[id].holder == me)
#endif

/* Whoever waits for the disk takes with him what was committed before. */
inline to_disk() {
    for (i : 1 .. ROWS) { jobs[i].forgettable = false }
    i = 0
}

inline xadd(job) {
    free = 1;
    do
    :: stream[free] != 0 -> free++
    :: else -> break
    od;
    stream[free] = job;
    free = 0
}

/* A later XACK of the same entry finds nothing, even if its place is taken again. */
inline xdel(entry) {
    gone = entry; /* `entry` may be the in_hand of somebody */
    stream[gone] = 0;
    for (i : 1 .. WORKERS) {
        if
        :: in_hand[i] == gone -> in_hand[i] = 0
        :: else
        fi
    }
    i = 0;
    gone = 0
}

/*
 * submit. A client that gets no answer sends the same request again, with the same key.
 * Dying before the commit is never having been sent, and dying after mark_new_published is an
 * answer that got lost; so it is enough to stop in between.
 */
proctype api(byte key) {
    bool again;
    byte id;
sent:
    atomic {
        if
        :: goto done
#ifdef NO_KEY
        :: last_id < ROWS ->
#else
        :: key_job[key] != 0 -> goto done      /* _replay: the first answer once more */
        :: key_job[key] == 0 ->                /* insert_key lets one of several commit */
#endif
               last_id++;
               id = last_id;
               printf("API: insert_job %d\n", id);
               assert(key_job[key] == 0);      /* one key, one job */
               key_job[key] = id;
               jobs[id].status = queued;
               to_disk()
        fi
    }
#if API_PUBLISHES
    if
    :: true                                    /* dies, or Redis refuses */
    :: atomic { ROOM -> xadd(id); printf("API: XADD of job %d\n", id) }
       if
       :: true
       :: atomic {
              !jobs[id].locked ->
              if
#ifdef NO_ATTEMPT_IN_MARK
              :: jobs[id].status == queued ->
#else
              :: jobs[id].status == queued && jobs[id].attempt == 0 ->
#endif
                     jobs[id].published = true;
                     printf("API: mark_new_published of job %d\n", id)
              :: else
              fi
          }
       fi
    fi;
#endif
    atomic { /* no answer came */
        if
        :: !again -> again = true; goto sent
        :: true
        fi
    };
done:
    atomic { again = false; id = 0 }
}

/* Relay, reaper and epoch: one thread of the worker that leads. */
proctype dispatcher() {
    byte id;
end:
    do
#ifndef NO_OUTBOX
    :: atomic {
           if
           :: UNPUBLISHED(1) && ROOM -> id = 1
           :: UNPUBLISHED(2) && ROOM -> id = 2
           fi;
           jobs[id].locked = true;
           xadd(id);
           printf("relay: lock_unpublished and XADD of job %d\n", id)
       }
       atomic {
           if
           :: jobs[id].published = true; printf("relay: mark_published of job %d\n", id)
           :: MAY(DEATH) -> faults--; printf("relay: dies before its commit\n")
           fi;
           jobs[id].locked = false;
           id = 0
       }
#endif
#ifndef NO_LEASE
    :: atomic {
           if
           :: jobs[1].status == running && !jobs[1].leased -> id = 1
           :: jobs[2].status == running && !jobs[2].leased -> id = 2
           fi;
           jobs[id].crash_count++;
           assert(jobs[id].crash_count <= jobs[id].lost_leases); /* nobody is charged for nothing */
           jobs[id].published = false;
           jobs[id].holder = 0;
           if
           :: jobs[id].crash_count >= MAX_CRASHES -> jobs[id].status = dead
           :: else -> jobs[id].status = queued
           fi;
           printf("reaper: reap_jobs %d, crash_count %d\n", id, jobs[id].crash_count);
           to_disk();
           id = 0
       }
#endif
#ifndef NO_EPOCH
    :: atomic {
           !same_epoch ->
           for (i : 1 .. ROWS) {
               if
               :: jobs[i].status == queued -> jobs[i].published = false
               :: else
               fi
           }
           i = 0;
           epoch_started = true;
           printf("epoch: unpublish_all, start_epoch\n")
       }
       atomic { /* if it dies here, the words differ as before, and another does it all again */
           if
           :: same_epoch = epoch_started; to_disk()
           :: MAY(DEATH) -> faults--; printf("epoch: dies before its commit\n")
           fi;
           epoch_started = false
       }
#endif
    od
}

/* A new process begins in its place, under a new name, knowing nothing; the lease runs out. */
#define DIES :: MAY(CRASH) -> faults--; printf("worker %d: dies\n", me); goto vanished

inline claim() {
    jobs[id].status = running;
    jobs[id].attempt++;
    jobs[id].holder = me;
    jobs[id].leased = true;
    attempt = jobs[id].attempt
}

/* claim_next_jobs: it skips what is locked, and waits for the disk. */
inline claim_overdue() {
    claim();
    to_disk();
    printf("worker %d: claim_next_jobs, which is %d, attempt %d\n", me, id, attempt)
}

proctype worker(byte me) {
    byte id, attempt;
end:
next:
    atomic {
        if /* read, or read_abandoned: what was delivered is after 10 s delivered to anybody */
        :: stream[1] != 0 -> in_hand[me] = 1
        :: stream[2] != 0 -> in_hand[me] = 2
#if ENTRIES == 3
        :: stream[3] != 0 -> in_hand[me] = 3
#endif
#ifndef NO_OVERDUE
        :: WAITING(1) -> id = 1; claim_overdue(); goto claimed
        :: WAITING(2) -> id = 2; claim_overdue(); goto claimed
#endif
        fi;
        id = stream[in_hand[me]];
        printf("worker %d: reads the entry of job %d\n", me, id);
#ifdef ACK_BEFORE_WORK
        xdel(in_hand[me])
#endif
    }
    atomic {
        !jobs[id].locked -> /* UPDATE waits for the relay to commit */
        if
        DIES
        :: jobs[id].status != queued -> goto acknowledge /* or the fence would have to */
        :: jobs[id].status == queued ->
               claim();
               jobs[id].forgettable = MAY(FORGET);
               printf("worker %d: claim_jobs %d, attempt %d\n", me, id, attempt);
               goto claimed
        fi
    }
claimed:
    atomic { /* an import's plan: lock_running, delete_results, copy_results */
        if
        DIES
        :: MINE -> jobs[id].plan = me; to_disk()
        :: !MINE -> printf("worker %d: LeaseLost\n", me); goto acknowledge
        fi
    }
    atomic { /* effect, result and end: one transaction */
        if
        DIES
        :: MINE ->
               printf("worker %d: finish_jobs %d\n", me, id);
               jobs[id].effects++;
               assert(jobs[id].effects == 1);        /* at most once */
               assert(jobs[id].status != cancelled); /* none after a cancel */
               assert(!PLAN || jobs[id].plan == me); /* and that of this attempt */
               jobs[id].status = completed;
               jobs[id].leased = false;
               jobs[id].holder = 0;
               to_disk()
        :: MAY(ERROR) && MINE ->
               faults--;
               jobs[id].status = queued;
               jobs[id].published = false;
               jobs[id].leased = false;
               jobs[id].holder = 0;
               to_disk();
               printf("worker %d: retry_job %d\n", me, id)
        :: !MINE -> printf("worker %d: LeaseLost\n", me)
        fi
    }
acknowledge:
    atomic {
        attempt = 0;
        if
        DIES
        :: in_hand[me] != 0 -> xdel(in_hand[me])
        :: in_hand[me] == 0 /* Redis was emptied meanwhile, or another was given the entry */
        fi;
        id = 0;
        goto next
    }
vanished:
    atomic {
        if
        :: attempt != 0 && MINE && jobs[id].holder == me && jobs[id].leased ->
               jobs[id].leased = false;
               jobs[id].lost_leases++
        :: else
        fi;
        in_hand[me] = 0;
        attempt = 0;
        id = 0;
        goto next
    }
}

/* What a person and the world do, at any moment. */
proctype outside() {
    byte id;
    do
    :: atomic {
           if
           :: CANCEL && OPEN(1) && !jobs[1].locked -> id = 1
           :: CANCEL && OPEN(2) && !jobs[2].locked -> id = 2
           fi;
           printf("user: cancel_job %d\n", id);
           jobs[id].status = cancelled;
           jobs[id].leased = false;
           jobs[id].holder = 0;
           to_disk();
           id = 0
       }
    :: atomic {
           if
           :: MAY(REDRIVE) && REDRIVABLE(1) -> id = 1
           :: MAY(REDRIVE) && REDRIVABLE(2) -> id = 2
           fi;
           faults--;
           printf("user: redrive_job %d\n", id);
           jobs[id].status = queued;
           jobs[id].published = false;
           jobs[id].crash_count = 0;
           jobs[id].lost_leases = 0;
           to_disk();
           id = 0
       }
    :: atomic {
           if
           :: MAY(PAUSE) && jobs[1].leased -> id = 1
           :: MAY(PAUSE) && jobs[2].leased -> id = 2
           fi;
           faults--;
           jobs[id].leased = false;
           jobs[id].lost_leases++;
           printf("fault: worker %d sleeps past its lease\n", jobs[id].holder);
           id = 0
       }
    :: atomic {
           MAY(FLUSH) ->
           faults--;
           for (id : 1 .. ENTRIES) { xdel(id) }
           id = 0;
           same_epoch = false;
           epoch_started = false;
           printf("fault: FLUSHALL\n")
       }
    :: atomic {
           if
           :: MAY(LOSS) && stream[1] != 0 -> xdel(1)
           :: MAY(LOSS) && stream[2] != 0 -> xdel(2)
#if ENTRIES == 3
           :: MAY(LOSS) && stream[3] != 0 -> xdel(3)
#endif
           fi;
           faults--;
           printf("fault: Redis forgets an entry\n")
       }
    :: atomic {
           if
           :: MAY(FORGET) && jobs[1].forgettable -> id = 1
           :: MAY(FORGET) && jobs[2].forgettable -> id = 2
           fi;
           faults--;
           jobs[id].status = queued;
           jobs[id].attempt--;
           jobs[id].leased = false;
           jobs[id].holder = 0;
           jobs[id].forgettable = false;
           printf("fault: PostgreSQL crashes and forgets the claim of job %d\n", id);
           id = 0
       }
    :: break
    od
}

/* When nobody can move any more, every accepted job must have come to its end. */
proctype end_of_run() {
    atomic {
        timeout ->
        for (i : 1 .. ROWS) {
            if
            :: jobs[i].status != 0 ->
                   printf("end: job %d\n", i);
                   assert(ENDED(i));
#ifdef NEVER
                   assert(jobs[i].status != NEVER);  /* to see that it does end so */
#endif
                   assert((jobs[i].status == completed) == (jobs[i].effects == 1))
            :: else
            fi
        }
        i = 0
    }
}

init {
    atomic {
        run api(1);
#if JOBS == 2
        run api(2);
#endif
        run dispatcher(); run worker(1); run worker(2); run outside(); run end_of_run()
    }
}
