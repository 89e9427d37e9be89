{{ config(
  pre_hook=[
    "{{ note_touched(arrived('customer_interactions', 'interaction_id', 'interaction_date')) }}",
    "{{ clear_touched('interaction_id', 'interaction_date', ref('int_interactions')) }}",
  ],
  post_hook="{{ advance_watermark() }}",
  **fact('interaction_date', ['customer_id'])
) }}
select * from {{ ref('int_interactions') }}
where {{ is_touched('interaction_id', 'interaction_date', ref('int_interactions')) }}
