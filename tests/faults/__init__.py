"""What may go wrong between a commit and a screen, and where it is shown to cost nobody an event.

For every fault the oracle is the same (oracle.py): at the end each client has exactly the rows of the log, no hole,
no double, in order, and its picture equals REST's. `load.x` below is test_x in test_load.py; test_map.py holds this
list to the tests that there are. A control shows that a test can fail. Most are in the test itself: a client that
is `forgetful` and must be condemned, or a server with a part taken out (broken.py) on which the same goes wrong.
Webhooks have an oracle of their own, and are not listed here: test_webhook*.py. `crash.x` is judged by what was
acknowledged (ledger.py); `retries.x` and `regressions.x`, in which two want the same thing at once, by what each was
told, by the database and by sql/ops/sums.sql. Their controls are a server without that guard (careless.py).
The judge's own controls: oracle.a_spoilt_record_is_condemned
oracle.an_event_that_does_not_follow_on_is_noted_as_it_comes
oracle.a_log_with_a_hole_is_condemned_even_if_the_client_has_all_of_it oracle.a_whole_record_is_fine

concurrent writers with rollbacks and delays
    load.twenty_writers_at_once_with_rollbacks_and_delays load.twenty_writers_at_once_for_long
    coalesced.sales_and_psql_at_once_with_clients_that_move_between_the_processes
    control: load.the_same_writers_make_a_cursor_over_a_sequence_lose_changes

the listener's connection is killed every 2 s under load
    hints.a_listener_killed_every_300_ms_under_load hints.a_listener_killed_every_two_seconds_for_a_minute
    hints.what_was_written_while_the_listener_could_not_come_back_comes_with_it
    coalesced.a_listener_killed_again_and_again coalesced.a_notifier_killed_again_and_again_under_load
    control: in the second line's, a hub that reads no heads when its listener is back

Postgres is restarted, fast or immediately
    postgres.postgres_restarts_under_load_and_the_screens_stay
    postgres.what_was_committed_while_the_server_could_not_see_it_comes_when_it_can
    postgres.a_sign_out_that_nobody_could_be_told_of_closes_the_socket_in_the_end
    coalesced_postgres.postgres_restarts_under_load_and_the_hints_go_on
    control: in the second, a server told by hints alone

the server, Postgres and both are killed with -9 under load
    crash.what_was_acknowledged_is_there_once_though_postgres_and_the_server_were_killed
    crash.what_was_acknowledged_is_there_once_after_two_dozen_kills
    control: crash.the_same_kill_loses_what_was_acknowledged_where_commits_wait_for_no_flush
    crash.a_database_that_was_spoilt_is_condemned; in the first two, forgetful tills

NOTIFY is suppressed
    hints.without_notify_the_poll_delivers_within_its_interval
    coalesced.a_burst_is_told_by_the_notifier_alone_and_psql_tells_for_itself
    control: hints.with_neither_notify_nor_poll_nothing_comes

NOTIFY waits for the flush of another commit
    coalesced_postgres.an_order_is_taken_and_shown_while_a_commit_that_notifies_is_being_flushed
    control: in it, the mode trigger

a process is killed, or stands still, between a commit and what it would have told
    hints.what_a_process_committed_and_did_not_live_to_announce_is_shown_by_the_others
    coalesced.a_process_killed_between_the_commit_and_the_batch_costs_a_poll_and_no_event
    coalesced.what_waits_for_its_batch_is_told_before_a_server_that_is_asked_to_go_has_gone
    processes.a_process_that_is_killed_under_load_costs_no_event
    hosts.a_host_that_is_paused_shows_everything_once_it_goes_on
    control: in the first, a server that does not poll; in processes', a forgetful client

a restaurant is locked by a long transaction
    load.a_restaurant_that_is_locked_delays_no_other
    control: in it, that restaurant's own screens, and the others before the lock

half-open sockets
    vanished.both_sides_of_a_frozen_connection_find_out_and_nothing_is_lost
    vanished.a_client_whose_cable_is_pulled_is_given_up_once_it_is_owed_something
    live/connection.silence_of_95_seconds_closes_with_4006_and_a_sign_of_life_counts_anew
    control: in both, a server that trusts everybody

a client stops reading among 500 that do
    stuck.one_that_stops_reading_among_fifty stuck.one_that_stops_reading_among_five_hundred
    stuck.what_is_written_past_a_stuck_client_costs_no_memory
    live/connection.what_waits_is_bounded_by_events_and_by_bytes
    control: in the third, a server without limits; in the first, the same readers without the one that is stuck

clients reconnect in a tight loop during a burst
    load.clients_that_come_and_go_in_a_tight_loop_during_a_burst
    control: in it, a forgetful client

2,000 events in one transaction
    load.two_thousand_orders_in_one_transaction
    control: load.a_hub_that_reads_no_further_than_its_first_batch_lacks_most_of_two_thousand

1,000 clients reconnect at once
    load.three_hundred_clients_that_come_back_at_once load.a_thousand_clients_that_come_back_at_once
    control: in them, forgetful clients

two processes restart in turn under load
    processes.a_rolling_restart_of_two_processes_under_load processes.five_rolling_restarts_under_load
    control: in them, a forgetful client

several processes and hosts are one server
    hosts.every_screen_sees_the_orders_that_any_worker_of_any_host_took
    hosts.clients_move_between_hosts_and_workers_under_load
    processes.each_process_shows_the_orders_made_through_the_other
    processes.a_client_moves_between_processes_without_a_gap_or_a_double
    coalesced.each_process_shows_by_hints_alone_what_came_in_through_the_other_and_through_psql
    coalesced.two_workers_tell_each_other
    control: in the first, a server that hears nothing;
    coalesced.a_process_that_tells_nobody_is_heard_by_nobody_but_its_own

disconnects by the thousand, of every kind at once: clients that leave, cuts in the middle of a frame, restarts,
SIGKILL, sessions revoked, listeners and backends killed
    disconnects.disconnects_of_every_kind_cost_no_screen_an_event
    disconnects.ten_thousand_disconnects_cost_no_screen_an_event
    disconnects.disconnects_of_every_kind_cost_no_feed_an_event
    disconnects.a_thousand_disconnects_cost_no_feed_an_event
    control: in them, forgetful clients; disconnects.a_frame_that_is_lost_on_the_way_is_noticed_by_screen_and_feed

the log is pruned while eight write it, by two processes at once
    retention.pruning_while_eight_write
    live/retention.who_is_at_the_floor_resumes_and_who_is_below_resyncs
    control: retention.a_floor_that_rises_too_far_is_told_by_who_comes_back

token expiry, revocation, foreign origin, late or missing auth, oversized, binary, fragmented frames, floods
    misbehaviour.what_some_do_wrong_under_load_costs_them_their_socket_and_the_others_nothing
    live/sessions.the_end_of_a_token_is_told_once_and_then_closes_the_socket
    live/sessions.signing_out_closes_the_sockets_of_that_session_in_every_process
    live/upgrade.a_page_of_a_foreign_origin_is_refused
    live/hello.who_says_nothing_for_ten_seconds_is_closed_with_4002
    live/hello.who_begins_with_something_else_is_closed_with_4001
    live/hello.a_megabyte_is_refused_and_the_server_serves_on
    live/hello.a_binary_message_ends_a_socket_that_was_welcome
    live/hello.ten_messages_that_cannot_be_used_end_it_and_nine_do_not
    live/connection.one_socket_too_many_is_closed_with_4009_and_makes_room_when_it_goes
    control: in the first, a client that does as much as is allowed;
    live/hello.a_message_may_have_16_kib_and_no_byte_more
    live/hello.a_message_in_fragments_is_one_message live/hello.twenty_messages_a_second_are_fine_and_a_flood_is_not
    live/sessions.a_new_token_keeps_the_socket_and_counts_from_then_on
    live/upgrade.pages_of_our_own_and_of_named_origins_and_apps_without_one_are_let_in

an order is sent again: while it commits, after its answer was lost, after the server was killed
    retries.an_order_retried_while_its_first_try_commits_is_one_order
    retries.an_order_retried_after_its_answer_was_lost_is_one_order
    retries.an_order_retried_after_the_server_was_killed_is_one_order
    control: retries.a_careless_server_makes_an_order_for_each_try_before_the_commit
    retries.a_careless_server_makes_an_order_for_each_try_after_the_commit
    retries.a_careless_server_that_was_killed_makes_an_order_for_each_try

lines are added: the kitchen gets those, and not the old ones again
    retries.lines_that_are_added_do_not_send_the_old_ones_again
    control: retries.a_careless_server_sends_lines_again_for_each_try

two waiters add to one table's order
    regressions.two_waiters_add_to_one_tables_order_and_no_line_is_lost
    control: regressions.without_its_lock_the_sums_of_a_tables_order_lack_a_line

one table is opened twice
    regressions.one_table_opened_by_two_at_once_is_open_once
    control: regressions.without_its_index_a_table_is_open_twice

one bill is paid twice at once, or once more when it is paid
    regressions.one_bill_paid_at_two_tills_at_once_is_paid_once
    regressions.money_taken_twice_for_one_bill_is_booked_once_as_paid_and_else_unapplied
    regressions.a_paid_order_takes_no_more_but_a_tip
    control: regressions.without_its_lock_a_bill_is_paid_twice
    regressions.without_its_lock_an_order_that_is_being_paid_is_paid_again

several give the same money back
    regressions.refunds_at_once_never_give_back_more_than_was_paid
    control: regressions.without_its_lock_more_of_a_payment_is_given_back_than_was_paid

two tills take the last portion
    regressions.the_last_portion_is_sold_once
    control: regressions.without_its_lock_the_last_portion_is_sold_twice

a price changes between menu and order
    regressions.a_price_that_changed_since_the_menu_was_shown_is_the_new_one
    control: regressions.without_its_history_an_order_made_offline_has_the_new_price

fifty orders are numbered at once, some of which are refused
    regressions.fifty_orders_at_once_are_numbered_without_a_gap_or_a_repeat
    control: regressions.numbers_after_the_highest_that_is_seen_repeat

orders are made at midnight, at the hour that the days change at, and at the changes of the clock
    regressions.orders_at_midnight_and_at_each_clock_change_are_of_the_right_day
    control: regressions.where_every_day_has_24_hours_orders_are_of_the_wrong_day
"""
