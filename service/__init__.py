"""Paper Round: the day's new papers that match your keywords, in your inbox each morning.

    source ──▶ page ──▶ papers ──▶ matches ──▶ digest ──▶ message ──▶ delivery
    └ sources/http      └ papers   └ matching  └ pipeline └ messages   └ deliveries/
      (wet)               (dry)      ranking                (dry)        (wet)
                                     (dry)

The ends fetch, store and send; the middle is pure: values in, values out, time is an argument. `pipeline` alone holds
the order, `store` alone speaks SQL, `bootstrap` alone turns settings into things. Start in `model`, then `pipeline`.
"""
