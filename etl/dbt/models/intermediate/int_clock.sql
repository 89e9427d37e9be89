select {{ local_date('current_timestamp') }} as today
